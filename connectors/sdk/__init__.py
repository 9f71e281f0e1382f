"""What a connector author imports; each idea is one module, so that importing one stays cheap."""
