"""One headless Chromium for every test of this folder, which skip where there is none."""

import shutil

import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")  # closed after this folder: while it runs, no other test could use asyncio
def chromium():
    """A Playwright browser. A test opens a page, or a context of its own, and closes it."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium")
    if not path:
        pytest.skip("needs Chromium (Debian: apt install chromium)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
