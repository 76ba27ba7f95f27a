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


def find_spec(name, path=None, target=None):
    """Answer for a target what the finders after this one answer, with a loader that patches."""
    if name not in TARGETS or _is_asking(name, sys._getframe(1)):
        return None
    after = False
    for finder in list(sys.meta_path):
        if after and hasattr(finder, "find_spec"):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _loader(spec.loader)
                return spec
        after = after or _is_hook(finder)
    return None


def _is_asking(name, frame):
    """Tell whether this thread came here from find_spec, by a finder that starts over."""
    while frame is not None:
        if frame.f_code is find_spec.__code__ and frame.f_locals["name"] == name:
            return True
        frame = frame.f_back
    return False


def _loader(real):
    """Give the real loader, but that the module is patched once it has run."""

    class Loader(object):
        def __getattr__(self, attribute):
            return getattr(real, attribute)

        def create_module(self, spec):
            create = getattr(real, "create_module", None)
            return create and create(spec)

        def exec_module(self, module):
            if getattr(module, "__loader__", None) is self:  # Python 3.16 sets none
                module.__loader__ = real
            module.__spec__.loader = real
            if hasattr(real, "exec_module"):
                real.exec_module(module)
            else:  # zipimport before Python 3.10
                real.load_module(module.__name__)
            _engine("apply", module)

    return Loader()


def _engine(verb, module):
    """Let customtags._patch act on one copy; whatever fails there, the copy stays usable."""
    try:
        from customtags import _patch

        getattr(_patch, verb)(module)
    except (Exception, SystemExit):
        pass


def _every(verb):
    for name in TARGETS:  # and not over sys.modules: other threads may import meanwhile
        module = sys.modules.get(name)
        if module is not None:
            _engine(verb, module)


def _is_hook(finder):
    # By name and not by identity: two copies of customtags make one hook.
    return type(finder) is type(sys) and finder.__name__ == __name__


def install():
    """Put the hook first in sys.meta_path, once, and patch what is imported already."""
    if sys.version_info < (3, 9) or sys.platform != "linux" or any(map(_is_hook, sys.meta_path)):
        return
    sys.meta_path.insert(0, sys.modules[__name__])
    _every("apply")


def uninstall():
    """Take the hook away and give every patched copy its own functions back."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not _is_hook(finder)]
    _every("undo")


install()
