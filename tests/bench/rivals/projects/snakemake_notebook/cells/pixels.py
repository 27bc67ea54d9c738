data = snakemake.input.data
features = snakemake.output.features
components = snakemake.params.components
