"""Every target by its name."""

from studio_fuzz.targets import briefs, events, pictures, provider, webhooks

TARGETS = {
    target.name: target for module in (events, webhooks, provider, briefs, pictures) for target in module.TARGETS
}
