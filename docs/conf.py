"""Sphinx settings; `make docs` builds the site into build/docs. What is generated: see pages/."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from pages import reference  # noqa: E402

import lossops  # noqa: E402

project = "lossops"
author = "the lossops authors"
version = release = lossops.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "pages",
]
html_theme = "furo"
html_theme_options = {  # 96 columns of code fit
    "light_css_variables": {"code-font-size": "0.76rem"},
}
html_show_copyright = False
html_static_path = ["static"]
html_css_files = ["gallery.css"]
html_title = f"lossops {release}"

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
autodoc_typehints = "none"  # the docstrings say what an argument takes, in words
autodoc_member_order = "bysource"
napoleon_custom_sections = ["Shape", "Reference"]
napoleon_use_ivar = True
napoleon_use_rtype = False

TORCH = HERE / "output/torch.inv"
reference.write_torch_inventory(TORCH)
intersphinx_mapping = {"torch": ("https://docs.pytorch.org/docs/stable/", str(TORCH))}

copybutton_selector = "div:not(.highlight-text) > div.highlight pre"  # code, but not what it prints
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
