"""The load generator and the reference server: C, so that neither is what is measured. Compiled when first needed."""
