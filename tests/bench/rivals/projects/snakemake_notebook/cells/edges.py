data = snakemake.input.data
features = snakemake.output.features
bins = snakemake.params.bins
