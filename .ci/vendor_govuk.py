"""Rewrite the vendored GOV.UK Frontend files from an unpacked npm package.

    npm pack govuk-frontend@6.6.0 && tar xzf govuk-frontend-6.6.0.tgz
    python .ci/vendor_govuk.py package

Gatehouse is not GOV.UK, so what may only be used there is taken out: the GDS Transport
typeface, the crest and the crown. The two files, the notice their licence asks for and a
record of what was taken land in `idp/pages/static/`; `gatehouse.js` learns the new address.
"""

import argparse
import hashlib
import json
import re
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "idp" / "pages" / "static"
CSS, JS = "govuk-frontend.min.css", "govuk-frontend.min.js"
FORBIDDEN = re.compile(r"GDS Transport|/assets/|crest|crown|@font-face|sourceMappingURL", re.I)

MIT = """\
GOV.UK Frontend {version}
https://github.com/alphagov/govuk-frontend
Changed for Gatehouse: the GDS Transport typeface and the crest and crown rules are removed.

The MIT License (MIT)

Copyright (C) 2017 Crown Copyright (Government Digital Service)

Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in
the Software without restriction, including without limitation the rights to
use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def clean_css(css: str) -> str:
    """Take the typeface, the crest, the crown and the source map out of the compiled CSS."""
    css = re.sub(r"@font-face\{[^}]*\}", "", css)
    css = css.replace("GDS Transport,arial,sans-serif", "system-ui,arial,sans-serif")
    css = re.sub(r"(?<=[{};])[^{}@;]*(?:crown|copyright-logo)[^{}]*\{[^}]*\}", "", css)
    css = re.sub(r"[\w-]+:[^;{}]*govuk-crest[^;{}]*;?", "", css)
    return re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css).strip() + "\n"


def clean_js(js: str) -> str:
    """Take out the source map, which is not shipped."""
    return re.sub(r"//# sourceMappingURL=.*", "", js).strip() + "\n"


def digest(data: bytes) -> str:
    """Give the SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def vendor(package: Path, static: Path) -> None:
    """Write the cleaned files, the notice and the record from `package` into `static`.

    Raises SystemExit when something that must not be shipped is still in them.
    """
    version = str(json.loads((package / "package.json").read_text("utf-8"))["version"])
    record: dict[str, object] = {"package": "govuk-frontend", "version": version}
    files: dict[str, dict[str, str]] = {}
    for name, clean in ((CSS, clean_css), (JS, clean_js)):
        source = (package / "dist" / "govuk" / name).read_bytes()
        text = clean(source.decode("utf-8"))
        left = FORBIDDEN.search(text)
        if left is not None:
            raise SystemExit(f"{name} still mentions {left.group()!r}: the clean-up needs mending")
        (static / name).write_bytes(text.encode("utf-8"))
        files[name] = {"source_sha256": digest(source), "sha256": digest(text.encode("utf-8"))}
    record["files"] = files
    (static / "govuk-frontend.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    (static / "govuk-frontend.NOTICE.txt").write_text(MIT.format(version=version), "utf-8")
    point_at(static / "gatehouse.js", files[JS]["sha256"])


def point_at(script: Path, sha256: str) -> None:
    """Give `gatehouse.js` the content address of the script it imports, for far caching."""
    text = script.read_text("utf-8")
    script.write_text(re.sub(r"(\?v=)[0-9a-z]+", rf"\g<1>{sha256[:16]}", text), "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Vendor GOV.UK Frontend.")
    parser.add_argument("package", type=Path, help="the unpacked npm package folder")
    vendor(parser.parse_args().package, STATIC)
