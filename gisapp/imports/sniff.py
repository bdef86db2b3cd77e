"""What a file really is, by its content: a name only promises."""

from __future__ import annotations

import codecs
import zipfile
from pathlib import Path, PurePosixPath

from gisapp.errors import InputError

ENDINGS = {
    ".gpkg": "gpkg",
    ".geojson": "geojson",
    ".json": "json",
    ".shp": "shapefile",
    ".zip": "zip",
    ".csv": "csv",
    ".tsv": "csv",
    ".xlsx": "xlsx",
    ".inp": "inp",
}
KIND_NAMES = {
    "gpkg": "a GeoPackage",
    "geojson": "GeoJSON",
    "json": "JSON",
    "shapefile": "a shapefile",
    "zip": "a zip archive",
    "csv": "CSV text",
    "xlsx": "an XLSX workbook",
    "inp": "an EPANET INP file",
}
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
MAX_RATIO = 200
MAX_UNPACKED_MB = 4096
MAX_MEMBERS = 10_000
_HEAD = 4096
_SHAPEFILE_MAGIC = b"\x00\x00\x27\x0a"
_SQLITE_MAGIC = b"SQLite format 3\x00"
_UTF_16 = "UTF-16 text"
_MAGICS = (
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Office file (xls or doc)"),
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"AC10", "a DWG drawing"),
    (b"fgb\x03", "a FlatGeobuf file"),
    (b"\x7fELF", "a program"),
    (b"\xff\xfe", _UTF_16),
    (b"\xfe\xff", _UTF_16),
)


def kind_named(path: Path) -> str:
    """Return the kind that the name of a file promises.

    Raises
    ------
    InputError
        When no reader takes files of that name.
    """
    kind = ENDINGS.get(path.suffix.lower())
    if kind is None:
        raise InputError(
            f"no reader takes files ending in {path.suffix or 'nothing'!r}",
            todo=f"give one ending in {', '.join(ENDINGS)}",
            file=path.name,
        )
    return kind


def require_kind(path: Path, kind: str) -> None:
    """Raise unless the content of ``path`` is of that kind.

    Raises
    ------
    InputError
        Naming what it is instead.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head:
        raise InputError("the file is empty", todo="give a file with rows")
    found = content_kind(head, path)
    fits = {
        "json": ("JSON",),
        "geojson": ("JSON",),
        "csv": ("text",),
        "inp": ("text", "an EPANET INP file"),
    }.get(kind, (KIND_NAMES[kind],))
    if found == _UTF_16 and kind in ("json", "geojson", "csv", "inp"):
        raise InputError(f"the content is {found}", todo="save the file as UTF-8")
    if found not in fits:
        raise InputError(
            f"the name says {KIND_NAMES[kind]}, the content is {found}",
            todo="give the file its right name, or export it again",
        )


def content_kind(head: bytes, path: Path) -> str:
    """Return in words what the first bytes of a file are; zip archives are looked into."""
    for magic, name in _MAGICS:
        if head.startswith(magic):
            return name
    if head.startswith(_SQLITE_MAGIC):
        return KIND_NAMES["gpkg"] if head[68:72] in (b"GPKG", b"GP10", b"GP11") else "an SQLite database"
    if head.startswith(_SHAPEFILE_MAGIC):
        return KIND_NAMES["shapefile"]
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(path)
    return _text_kind(head)


def _zip_kind(path: Path) -> str:
    """Return what a zip archive holds."""
    if not zipfile.is_zipfile(path):
        return "a broken zip archive"
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    if "xl/workbook.xml" in names:
        return KIND_NAMES["xlsx"]
    return "a Word or other Office file" if "[Content_Types].xml" in names else KIND_NAMES["zip"]


def _text_kind(head: bytes) -> str:
    """Return what kind of text this is, or that it is none."""
    if b"\x00" in head:
        return "binary"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"<OGRVRT" in head:
        return "an OGR VRT, a text that makes the reader open other files"
    if start.startswith(b"<"):
        return "XML or HTML"
    if start.startswith((b"{", b"[{")):
        return "JSON"
    sections = (b"[TITLE]", b"[JUNCTIONS]", b"[OPTIONS]", b"[RESERVOIRS]", b"[PIPES]")
    return KIND_NAMES["inp"] if any(mark in head.upper() for mark in sections) else "text"


def require_sound_zip(path: Path) -> list[zipfile.ZipInfo]:
    """Return the members of an archive that may be unpacked safely.

    Raises
    ------
    InputError
        Before anything is unpacked: when a member would leave the folder, the archive would grow more
        than :data:`MAX_RATIO` times, is encrypted, broken, or has too many members.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise InputError(f"the archive is broken ({error})", todo="pack it again") from error
    if len(members) > MAX_MEMBERS:
        raise InputError(f"the archive has {len(members):,} members", todo=f"pack at most {MAX_MEMBERS:,}")
    for member in members:
        pure = PurePosixPath(member.filename.replace("\\", "/"))
        if pure.is_absolute() or ".." in pure.parts or (pure.parts and pure.parts[0].endswith(":")):
            raise InputError(
                f"the archive would write outside its folder ({member.filename!r})", todo="pack it again without paths"
            )
        if member.flag_bits & 0x1:
            raise InputError(f"{member.filename!r} is encrypted", todo="pack it without a password")
    unpacked = sum(member.file_size for member in members)
    packed = max(path.stat().st_size, 1)
    if unpacked > MAX_UNPACKED_MB * 2**20 or (unpacked > 2**20 and unpacked / packed > MAX_RATIO):
        raise InputError(
            f"the archive would grow from {packed / 2**20:,.1f} MB to {unpacked / 2**20:,.1f} MB, "
            f"{unpacked / packed:,.0f} times",
            todo=f"give the file itself; the limit is {MAX_RATIO} times and {MAX_UNPACKED_MB} MB",
        )
    return members


def unpacked_shapefile(path: Path, layer: str | None) -> Path:
    """Return the .shp unpacked from an archive beside it, under a name of ours.

    Raises
    ------
    InputError
        When the archive is unsafe, holds no shapefile, or several and ``layer`` names none of them.
    """
    members = [one for one in require_sound_zip(path) if not one.filename.startswith("__MACOSX/")]
    stems = {
        one.filename[:-4]: PurePosixPath(one.filename).stem for one in members if one.filename.lower()[-4:] == ".shp"
    }
    wanted = [stem for stem, name in stems.items() if layer in (None, name)]
    if len(wanted) != 1:
        found = f"the archive holds {', '.join(sorted(stems.values()))}" if stems else "the archive holds no .shp"
        raise InputError(found, todo="pack one shapefile, or name it as layer under [read]")
    with zipfile.ZipFile(path) as archive:
        for one in members:
            ending = one.filename.lower()[-4:]
            if one.filename[:-4] == wanted[0] and ending in SHAPEFILE_PARTS:
                _unpack(archive, one, path.with_name(f"unpacked{ending}"))
    return path.with_name("unpacked.shp")


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, to: Path) -> None:
    """Write one member, and no more bytes than it declared: declared sizes may lie."""
    left = member.file_size
    try:
        with archive.open(member) as source, to.open("wb") as target:
            while chunk := source.read(2**20):
                left -= len(chunk)
                if left < 0:
                    raise InputError(f"{member.filename!r} is larger than it declares", todo="pack the archive again")
                target.write(chunk)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise InputError(f"{member.filename!r} is broken ({error})", todo="pack the archive again") from error


def encoding_of(path: Path, declared: str | None) -> tuple[str, list[str]]:
    """Return the codec that a text file is to be read with, and warnings.

    UTF-8 with or without a mark is read as it is. Anything else must be declared: a wrong guess
    turns every Chinese name into other characters without an error.

    Raises
    ------
    InputError
        When the file is not UTF-8 and no encoding is declared (with a sample of what GB18030 would
        give), or the declared one does not fit.
    """
    used = declared_encoding(declared)
    broken = _first_fault(path, "utf-8-sig")
    if broken is None:
        plain = used in (None, "utf-8-sig") or _first_fault(path, "ascii") is None
        if plain:
            return "utf-8-sig", []
    elif used is None:
        raise _undeclared(path, broken)
    assert used is not None
    fault = _first_fault(path, used)
    if fault is not None:
        line, _ = _line_at(path, fault)
        raise InputError(
            f"line {line} is not {used}", todo="declare the encoding it was saved in, or save the file as UTF-8"
        )
    return used, [f"the file is valid UTF-8, but {declared} was declared and used"] if broken is None else []


def _first_fault(path: Path, codec: str) -> int | None:
    """Return about where a file stops being text in that encoding; None when it is all text."""
    decoder = codecs.getincrementaldecoder(codec)()
    place = 0
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(2**22)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return max(place + error.start, 0)
            if not chunk:
                return None
            place += len(chunk)


def _line_at(path: Path, place: int) -> tuple[int, bytes]:
    """Return the number, from 1, and the bytes of the line at a byte of the file."""
    done = 0
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):  # the faulty line of a broken file, looked for once
            done += len(line)
            if done > place:
                return number, line[:4000]
    return 1, b""


def declared_encoding(encoding: str | None) -> str | None:
    """Return the codec for a declared encoding; GBK and GB2312 are read as GB18030, which contains them."""
    if encoding is None:
        return None
    plain = encoding.strip().lower().replace("_", "-")
    if plain in ("gbk", "gb2312", "gb18030", "cp936", "936", "gb-18030", "gb-2312", "ms936"):
        return "gb18030"
    if plain in ("utf-8", "utf8", "utf-8-sig", "65001"):
        return "utf-8-sig"
    if plain in ("big5", "cp950", "950", "big5-hkscs"):
        return "big5hkscs"
    if plain in ("latin-1", "iso-8859-1", "cp1252", "windows-1252"):
        return "cp1252"
    raise InputError(f"unknown encoding {encoding!r}", todo="use utf-8, gb18030, big5 or cp1252")


def _undeclared(path: Path, place: int) -> InputError:
    """Return the refusal of a file in an unknown encoding, with a sample."""
    number, line = _line_at(path, place)
    for codec in ("gb18030", "big5hkscs"):
        try:
            sample = codecs.getincrementaldecoder(codec)().decode(line.rstrip(b"\r\n"), final=False)
        except UnicodeDecodeError:
            continue
        chinese = next((at for at, letter in enumerate(sample) if "\u4e00" <= letter <= "\u9fff"), None)
        if chinese is not None:
            shown = sample[max(chinese - 10, 0) :][:60]
            return InputError(
                f"the text is not UTF-8 and no encoding is declared; as {codec} line {number} reads {shown!r}",
                todo=f"if that is right say --encoding {codec.removesuffix('hkscs')}, else save the file as UTF-8",
            )
    return InputError(
        f"the text is not UTF-8 (line {number}) and no encoding is declared",
        todo="say which with --encoding, such as --encoding gb18030, or save the file as UTF-8",
    )
