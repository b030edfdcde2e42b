"""Pictures of figures, as SVG that reads in light and in dark, with their words as text. Knows no benchmark."""
