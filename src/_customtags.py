"""All that customtags runs in every Python process: the import hook.

ASCII, in the grammar of Python 3.6, importing only sys; docs/trust.md explains each line.
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
    """Give a folder named packaging the importer that it has anyway, but that it patches a target."""
    for hook in list(sys.path_hooks) if _is_packaging(path) else ():
        if not _is_ours(hook):
            try:
                return _patching(hook(path))
            except ImportError:
                pass
    raise ImportError


def _patching(importer):
    # Let an importer find targets with a loader that patches them.
    find = getattr(importer, "find_spec", None)
    if find is None:  # zipimport before Python 3.10, where it is the loader, too
        _prepare(importer)
        return importer

    def find_spec(name, target=None):
        spec = find(name, target)
        if name in TARGETS and spec is not None and spec.loader is not None:
            _prepare(spec.loader)
        return spec

    try:
        importer.find_spec = find_spec
    except AttributeError:  # somebody's own, with slots
        pass
    return importer


def _prepare(loader):
    # Let a loader patch the module that it runs, once; its class stays what it is.
    verb = "exec_module" if hasattr(loader, "exec_module") else "load_module"
    if verb in getattr(loader, "__dict__", (verb,)):  # it is already, or it has slots
        return
    run = getattr(loader, verb)

    def run_and_patch(module):
        module = run(module) or module  # load_module is given a name, and gives the module
        if module.__name__ in TARGETS:
            if verb in vars(loader):
                delattr(loader, verb)
            _engine("apply", module)
        return module

    setattr(loader, verb, run_and_patch)


def _engine(verb, module):
    # Let customtags.hook act on one copy; whatever fails there, the copy stays usable.
    try:
        from customtags import hook

        getattr(hook, verb)(module)
    except (Exception, SystemExit):
        pass


def _everywhere(verb):
    # Let what is imported already be patched or not, and the folders be asked anew.
    for path in list(sys.path_importer_cache):
        if _is_packaging(path):
            sys.path_importer_cache.pop(path, None)
    for name in TARGETS:  # and not over sys.modules: other threads may import meanwhile
        module = sys.modules.get(name)
        if module is not None:
            _engine(verb, module)


def _is_packaging(path):
    return isinstance(path, str) and path.endswith("packaging")


def _is_ours(hook):
    # By name and not by identity: two copies of customtags make one hook.
    return getattr(hook, "__module__", None) == __name__


def install():
    """Put the hook first in sys.path_hooks, once, and patch what is imported already."""
    if sys.version_info < (3, 9) or sys.platform != "linux" or any(map(_is_ours, sys.path_hooks)):
        return
    sys.path_hooks.insert(0, path_hook)
    _everywhere("apply")


def uninstall():
    """Take the hook away and give every patched copy its own functions back."""
    sys.path_hooks[:] = [hook for hook in sys.path_hooks if not _is_ours(hook)]
    _everywhere("undo")


install()
