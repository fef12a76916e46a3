"""The script that rewrites the vendored files."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "vendor_govuk.py"

CSS = (
    "@font-face{font-family:GDS Transport;src:url(/assets/fonts/x.woff2)}"
    ".a{font-family:GDS Transport,arial,sans-serif}.govuk-footer__crown{margin:1px}.b{c:d}"
    "@media screen{.e__copyright-logo:before{mask:url(/assets/images/govuk-crest.svg)}}"
    "/*# sourceMappingURL=x.css.map */\n"
)
CLEAN = ".a{font-family:system-ui,arial,sans-serif}.b{c:d}@media screen{}\n"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("vendor_govuk", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def unpacked(folder: Path, css: str) -> Path:
    """Make what `npm pack` and `tar` leave behind."""
    built = folder / "dist" / "govuk"
    built.mkdir(parents=True)
    (folder / "package.json").write_text('{"version": "9.8.7"}')
    (built / "govuk-frontend.min.css").write_text(css)
    (built / "govuk-frontend.min.js").write_text("export{};//# sourceMappingURL=x.js.map\n")
    return folder


def test_what_belongs_to_gov_uk_is_taken_out_and_the_rest_recorded(
    script: ModuleType, tmp_path: Path
) -> None:
    static = tmp_path / "static"
    static.mkdir()
    (static / "gatehouse.js").write_text('import { initAll } from "./govuk-frontend.min.js?v=0";')
    script.vendor(unpacked(tmp_path / "package", CSS), static)
    assert (static / "govuk-frontend.min.css").read_text() == CLEAN
    assert (static / "govuk-frontend.min.js").read_text() == "export{};\n"
    record = json.loads((static / "govuk-frontend.json").read_text())
    assert record["version"] == "9.8.7"
    sha256 = record["files"]["govuk-frontend.min.js"]["sha256"]
    assert f"?v={sha256[:16]}" in (static / "gatehouse.js").read_text()
    assert "GOV.UK Frontend 9.8.7" in (static / "govuk-frontend.NOTICE.txt").read_text()


def test_a_package_that_the_clean_up_does_not_know_is_refused(
    script: ModuleType, tmp_path: Path
) -> None:
    package = unpacked(tmp_path / "package", ".new{font-family:GDS Transport,serif}")
    with pytest.raises(SystemExit, match="GDS Transport"):
        script.vendor(package, tmp_path)
    assert not (tmp_path / "govuk-frontend.min.css").exists()
