"""Groups the files of a repository into builds: split parts together, projectors and helpers apart."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.errors import AppError, ErrorCode
from app.core.models import hub_names
from app.core.models.hub_types import HubBuild, HubFile, HubModel, RepoListing


def make_listing(model: HubModel, revision: str, files: Iterable[HubFile]) -> RepoListing:
    """The listing of a repository from its plain list of files, in any order."""
    groups: dict[str, list[HubFile]] = {}
    projectors: list[HubFile] = []
    helpers: list[HubFile] = []
    others: list[HubFile] = []
    for file in sorted(files, key=lambda file: file.path):
        if not hub_names.is_gguf(file.path):
            others.append(file)
        elif hub_names.is_projector(file.path):
            projectors.append(file)
        elif hub_names.is_helper(file.path):
            helpers.append(file)
        else:
            split = hub_names.split_part(file.path)
            key = f"{split[0]}\0{split[2]}" if split else file.path
            groups.setdefault(key, []).append(file)
    builds = sorted(map(_build, groups.values()), key=lambda build: (build.size_bytes, build.name))
    return RepoListing(
        model=model,
        revision=revision,
        builds=tuple(builds),
        projectors=tuple(sorted(projectors, key=lambda file: file.size_bytes)),
        drafts=tuple(helpers),
        others=tuple(others),
    )


def _build(files: list[HubFile]) -> HubBuild:
    paths = [file.path for file in files]
    split = hub_names.split_part(paths[0])
    missing = split[2] - len(files) if split else 0
    return HubBuild(
        label=hub_names.quant_label(paths[0]),
        name=hub_names.common_name(paths),
        files=tuple(files),
        missing_parts=missing,
    )


def choose_build(listing: RepoListing, wanted: str) -> HubBuild:
    """The build that ``wanted`` means: a label (``q4_k_m``), a file of it, or its name.

    A label without its ``UD-`` or ``i1-`` prefix finds such a build when there is no plain one.

    Raises:
        AppError: BUILD_MISSING with what there is.
    """
    by_path = [
        build for build in listing.builds if any(file.path == wanted for file in build.files)
    ]
    by_name = [build for build in listing.builds if wanted in {build.name, build.name + ".gguf"}]
    by_label = [build for build in listing.builds if hub_names.same_label(build.label, wanted)]
    loosely = [
        build
        for build in listing.builds
        if hub_names.same_label(build.label.removeprefix("UD-").removeprefix("i1-"), wanted)
    ]
    for found in (by_path, by_name, by_label, loosely):
        if found:
            return found[0]
    labels = dict.fromkeys(build.label for build in listing.builds)
    raise AppError(
        ErrorCode.BUILD_MISSING,
        repo=listing.repo,
        wanted=wanted,
        available=", ".join(labels) or "no GGUF files",
    )


def projector_for(listing: RepoListing, build: HubBuild) -> HubFile | None:
    """The projector to fetch with ``build``: F16 where there is one (the usual choice), else the smallest."""
    folder = build.files[0].path.rpartition("/")[0]
    beside = [file for file in listing.projectors if file.path.rpartition("/")[0] == folder]
    candidates = beside or list(listing.projectors)
    for file in candidates:
        if hub_names.quant_label(file.path) == "F16":
            return file
    return candidates[0] if candidates else None
