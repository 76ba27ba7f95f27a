"""The configuration of the documentation site: `nox -s docs` builds it with Sphinx into `build/site`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "site"))
import customtags

project = "customtags"
version = release = customtags.__version__
copyright = "the authors of customtags, MIT licence"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "contents",
    "sources",
]

# Markdown: a heading's anchor is the one that web views of repositories make.
myst_heading_anchors = 4

smartquotes = False  # -- is an option

# A block without a language is a file name, a tag or a command: shown as it is.
highlight_language = "text"
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True

# Types of the standard library are not linked: the site is built without a network.
nitpick_ignore_regex = [("py:.*", r"(?!customtags\b).*"), ("py:class", r"customtags\.results\..*")]
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"

html_theme = "furo"
html_title = "customtags"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_domain_indices = False
exclude_patterns = ["site/**"]
