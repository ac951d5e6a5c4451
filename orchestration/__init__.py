"""The cloud side: gateway, lake, warehouse and the Dagster assets between them."""
