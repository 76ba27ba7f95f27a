"""``python -m customtags`` is the command ``customtags``."""

if __name__ == "__main__":
    try:
        import sys

        from customtags.cli import main
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    sys.exit(main())
