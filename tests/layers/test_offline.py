import pytest

from gisapp.errors import GisappError
from layers.offline import require_offline


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/x.css">',
        '<img src="images/marker.png">',
        '<img srcset="http://a.example/x 2x">',
        "<style>@import 'x.css';</style>",
        "<style>a { background: url(https://a.example/x.png) }</style>",
        '<p style="background:url(x.png)">',
        '<script>fetch("https://a.example/tiles")</script>',
        '<script>L.tileLayer("//tiles.example/{z}")</script>',
        "<script>new WebSocket('wss:\\/\\/a.example')</script>",
        "<script>/* a */ x = '/*'; fetch('https://a.example'); y = '*/'</script>",
        "<a onclick=\"fetch('https://a.example')\">x</a>",
        '<meta http-equiv="refresh" content="0; url=https://a.example">',
        '<iframe src="https://a.example"></iframe>',
        '<object data="x.swf"></object>',
        '<form action="https://a.example"></form>',
    ],
)
def test_whatever_would_be_fetched_is_refused(html):
    with pytest.raises(GisappError, match="the map would ask for"):
        require_offline(f"<!doctype html><html><body>{html}</body></html>")


@pytest.mark.parametrize(
    "html",
    [
        '<img src="data:image/png;base64,AAAA">',
        '<a href="https://a.example">a link that only a click follows</a>',
        "<p>https://a.example is only text</p>",
        '<script type="application/json">{"name": "https://a.example"}</script>',
        "<style>a { background: url(data:image/png;base64,AAAA); fill: url(#x) }</style>",
        "<script>const ns = 'http://www.w3.org/2000/svg'</script>",
    ],
)
def test_what_is_only_read_or_clicked_may_stand(html):
    require_offline(html)
