// Every class starts the whole product and a browser; two of those at once would only slow each other down.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
