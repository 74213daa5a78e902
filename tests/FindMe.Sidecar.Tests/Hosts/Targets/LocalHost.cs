namespace FindMe.Sidecar.Tests;

/// <summary>The local sidecar in this process.</summary>
internal sealed class LocalHost : ISidecarHost
{
    private readonly Setup _setup;
    private readonly TaskCompletionSource<string> _shutdown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LocalHost(LocalSidecar sidecar, Setup setup)
    {
        Sidecar = sidecar;
        _setup = setup;
        sidecar.ShutdownRequested += (_, appId) => _shutdown.TrySetResult(appId);
    }

    public LocalSidecar Sidecar { get; }

    public BrokerProfile Broker => _setup.Broker ?? BrokerProfile.ServiceBus;

    public StoreProfile Store => _setup.Store ?? StoreProfile.Sqlite;

    public string Suffix => "";

    public static async Task<LocalHost> StartAsync(TemporaryFolder folder, string[] resources, Setup setup, IReadOnlyList<SidecarApp> apps)
    {
        var resourcesPath = Directory.CreateDirectory(Path.Combine(folder.Path, "resources")).FullName;
        await File.WriteAllTextAsync(Path.Combine(resourcesPath, "all.yaml"), string.Join("\n---\n", resources).Replace(SidecarUnderTest.TopicMark, "", StringComparison.Ordinal));
        return new LocalHost(
            await LocalSidecar.StartAsync(new SidecarOptions
            {
                DataPath = Path.Combine(folder.Path, "data"),
                ResourcesPath = resourcesPath,
                Apps = apps,
                DaprApiToken = setup.DaprApiToken,
                AppApiToken = setup.AppApiToken,
                Broker = setup.Broker ?? BrokerProfile.ServiceBus,
                Store = setup.Store ?? StoreProfile.Sqlite,
                Tracing = setup.Tracing,
                Strict = setup.Strict,
                CountRefused = setup.CountRefused,
                Chaos = setup.Chaos,
                Intercept = setup.Intercept,
                LoggerFactory = setup.Log ?? Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance,
                TimeProvider = setup.Time ?? TimeProvider.System,
            }),
            setup);
    }

    public Uri EndpointOf(string appId) => Sidecar.EndpointOf(appId);

    public async Task EndedAsync(string appId) => Assert.Equal(appId, await _shutdown.Task.WaitAsync(Patience.Time));

    public Task SettledAsync() => Eventually.TrueAsync(() => Sidecar.Database.Read(session => (long)session.Scalar("SELECT COUNT(*) FROM delivery")!) == 0);

    public ValueTask DisposeAsync() => Sidecar.DisposeAsync();
}
