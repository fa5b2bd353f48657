"""What must not be in the repository, and what must be."""

import re

from tests.house.files import ROOT, lines_with, texts

HERE = "tests/house/"


def everything():
    kinds = (
        "*.py",
        "*.html",
        "*.css",
        "*.js",
        "*.md",
        "*.toml",
        "*.txt",
        "*.lock",
        "*.yaml",
        "*.yml",
        "*.json",
        "*.sh",
        ".env.example",
        ".importlinter",
    )
    return ((name, text) for name, text in [*texts(*kinds), *texts("*", below=("bin/", ".ci/"))] if not name.startswith(HERE))


def test_no_file_names_a_folder_of_somebody_s_machine():
    assert lines_with(r"/(work|Users|home/[a-z]+|root)/[a-z.]", everything()) == []


def test_no_file_names_a_host_of_a_package_registry():
    hosts = r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|deb\.debian\.org|index-url|crates\.io|proxy\.golang"
    assert lines_with(hosts, everything()) == []


def test_pages_load_nothing_from_other_hosts():
    pages = texts("*.html", "*.css", "*.js", below=("templates/", "crm/static/"))
    assert lines_with(r"""(src|url|action|import)\s*[=(]?\s*["'(](https?:)?//|<link[^>]*href=["'](https?:)?//""", pages) == []


def test_the_programs_are_there_and_can_be_run():
    for name in ("bin/run", "bin/manage", "bin/test", "bin/check", "bin/fix", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111, name


def test_the_papers_are_there():
    for name in ("README.md", "LICENSE", "CHANGELOG.md", "STYLE.md", "docs/architecture.md", "docs/glossary.md", "docs/operations.md"):
        assert (ROOT / name).stat().st_size > 200, name


def test_links_between_documents_lead_somewhere():
    links = ((name, target) for name, text in texts("*.md") for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text))
    assert [f"{name}: {target}" for name, target in links if not ((ROOT / name).parent / target).exists()] == []
