"""All that customtags runs in every Python process: the import hook.

ASCII, in the grammar of Python 3.6, importing only sys; docs/explanation/how-the-hook-works.md explains each line.
"""

import sys

TARGETS = frozenset(
    (
        "packaging.tags",
        "pip._vendor.packaging.tags",
        "pipenv.patched.pip._vendor.packaging.tags",
    )
)


def path_hook(path):
    """Return the usual importer of a folder named packaging, changed so that it patches a target."""
    for hook in list(sys.path_hooks) if _is_packaging(path) else ():
        if not _is_ours(hook):
            try:
                return _patching(hook(path))
            except ImportError:
                pass
    raise ImportError


def _patching(importer):
    # Make an importer find a target with a loader that patches it.
    find = getattr(importer, "find_spec", None)
    if find is None:  # zipimport before Python 3.10: the importer is the loader
        _prepare(importer)
        return importer

    def find_spec(name, target=None):
        spec = find(name, target)
        if name in TARGETS and spec is not None and spec.loader is not None:
            _prepare(spec.loader)
        return spec

    try:
        importer.find_spec = find_spec
    except AttributeError:  # another tool's, with slots
        pass
    return importer


def _prepare(loader):
    # Make a loader patch the next target that it runs; its class stays unchanged.
    verb = "exec_module" if hasattr(loader, "exec_module") else "load_module"
    if verb in getattr(loader, "__dict__", (verb,)):  # already prepared, or it has slots
        return
    run = getattr(loader, verb)

    def run_and_patch(module):
        module = run(module) or module  # load_module takes a name and returns the module
        if module.__name__ in TARGETS:
            if verb in vars(loader):
                delattr(loader, verb)
            _engine("apply", module)
        return module

    setattr(loader, verb, run_and_patch)


def _engine(verb, module):
    # Call customtags.hook for one copy; whatever fails there, the copy stays usable.
    try:
        from customtags import hook

        getattr(hook, verb)(module)
    except (Exception, SystemExit):
        pass


def _everywhere(verb):
    # Apply or undo it in imported copies, and drop the importers that Python caches for folders.
    for path in list(sys.path_importer_cache):
        if _is_packaging(path):
            sys.path_importer_cache.pop(path, None)
    for name in TARGETS:  # not over sys.modules, which other threads may change
        module = sys.modules.get(name)
        if module is not None:
            _engine(verb, module)


def _is_packaging(path):
    return isinstance(path, str) and path.endswith("packaging")


def _is_ours(hook):
    # By name, not by identity: two copies of customtags install one hook.
    return getattr(hook, "__module__", None) == __name__


def install():
    """Insert the hook first in sys.path_hooks, once, and patch the copies imported before."""
    if sys.version_info < (3, 9) or sys.platform != "linux" or any(map(_is_ours, sys.path_hooks)):
        return
    sys.path_hooks.insert(0, path_hook)
    _everywhere("apply")


def uninstall():
    """Remove the hook, and restore the functions of every patched copy."""
    sys.path_hooks[:] = [hook for hook in sys.path_hooks if not _is_ours(hook)]
    _everywhere("undo")


install()
