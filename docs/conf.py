"""Sphinx settings; `make docs` builds the site into build/docs. What is generated: see pages/."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import lossops  # noqa: E402

project = "lossops"
author = "the lossops authors"
version = release = lossops.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "pages"]
html_theme = "furo"
html_theme_options = {  # 96 columns of code fit
    "light_css_variables": {"code-font-size": "0.76rem"},
}
html_show_copyright = False
html_title = f"lossops {release}"

myst_heading_anchors = 3
autodoc_typehints = "none"  # the docstrings say what an argument takes, in words
autodoc_member_order = "bysource"
napoleon_custom_sections = ["Shape", "Reference"]
napoleon_use_ivar = True
napoleon_use_rtype = False
