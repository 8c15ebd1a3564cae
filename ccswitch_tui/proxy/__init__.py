"""The bundled translation proxy, running."""
