"""Parts of the page that tabs are built of."""
