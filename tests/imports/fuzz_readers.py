"""``fuzz_readers.py SECONDS``: atheris against the readers of texts, each a quarter of the time in its own process.

It changes sound files by what it sees the code do. A reader that ends in anything but rows or a message is a crash:
the input is left in the folder that is told, and the exit status is not 0.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

KINDS = ("csv", "geojson", "json", "inp")


def fuzz(kind: str, seconds: int, folder: Path) -> None:
    """Fuzz one reader; does not return."""
    import atheris

    with atheris.instrument_imports(include=["gisapp.imports", "gisapp.network.read"]):
        from test_fuzz import SOUND_FILES, TOKENS, read

    corpus = folder / kind
    corpus.mkdir()
    (corpus / "sound").write_bytes(SOUND_FILES[kind])
    words = folder / f"{kind}.dict"
    words.write_text("\n".join('"' + "".join(f"\\x{one:02x}" for one in token) + '"' for token in TOKENS if token))

    def one_input(content: bytes) -> None:
        if read(kind, content) == -2:
            raise AssertionError("refused without a word")

    options = [
        f"-max_total_time={seconds}",
        "-max_len=4096",
        f"-dict={words}",
        f"-artifact_prefix={folder}/crash-{kind}-",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one_input)
    atheris.Fuzz()


def main(seconds: int) -> int:
    """Fuzz every reader one after the other; return 1 where one crashed."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    failed = []
    for kind in KINDS:
        program = [sys.executable, __file__, str(seconds // len(KINDS)), kind, str(folder)]
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        last = [line for line in done.stderr.splitlines() if line.startswith(("Done", "#"))][-1:]
        print(kind, "crashed" if done.returncode else "held", *last, flush=True)
        if done.returncode:
            failed.append(kind)
            print(done.stderr[-4000:], flush=True)
    print(f"{folder}: inputs" if failed else "no crash")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2])]
    if len(sys.argv) > 2:
        fuzz(sys.argv[2], int(sys.argv[1]), Path(sys.argv[3]))
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 600))
