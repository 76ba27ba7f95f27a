"""The parts of `customtags.build`: the request, the compilers' flags, the project's own back end, the variants."""
