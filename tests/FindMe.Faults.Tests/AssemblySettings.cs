// Each test starts whole systems of processes: one at a time is fast enough and says most when it fails.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
