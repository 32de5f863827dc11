"""The Python half of the Streamlit adapter; the other half is tested in tests/browser/."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from gptviz.paths import PACKAGE


def test_a_page_with_a_view_runs_without_a_browser():
    app = AppTest.from_file(str(PACKAGE.parent / "tests/browser/apps/output_view.py"), default_timeout=180).run()
    assert not app.exception
    assert '"temperature": 1.0' in app.text[0].value
    app.select_slider[0].set_value(0.5).run()
    assert not app.exception
    assert '"temperature": 0.5' in app.text[0].value
