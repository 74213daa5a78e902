// Each test starts whole systems of processes. Running one at a time is fast enough, and makes failures easier to analyze.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
