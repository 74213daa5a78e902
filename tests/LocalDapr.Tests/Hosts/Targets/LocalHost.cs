namespace LocalDapr.Tests;

/// <summary>The local sidecar in this process.</summary>
internal sealed class LocalHost : ISidecarHost
{
    private readonly TaskCompletionSource<string> _shutdown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LocalHost(LocalSidecar sidecar)
    {
        Sidecar = sidecar;
        sidecar.ShutdownRequested += (_, appId) => _shutdown.TrySetResult(appId);
    }

    public LocalSidecar Sidecar { get; }

    public BrokerProfile Broker { get; private init; }

    public StoreProfile Store { get; private init; }

    public DaprVersion Version { get; private init; }

    public string Suffix => "";

    public static async Task<LocalHost> StartAsync(TemporaryFolder folder, string[] resources, Setup setup, IReadOnlyList<SidecarApp> apps)
    {
        var profile = ConformanceTarget.Profile;
        var (broker, store) = (setup.Broker ?? profile.Broker, setup.Store ?? profile.Store);
        Assert.SkipUnless(profile.IsDefault || (broker, store) == (profile.Broker, profile.Store), $"this case is for {setup.Broker} {setup.Store}, and runs under that profile");
        var version = profile.IsDefault ? (DaprVersion?)null : profile.Version;
        var resourcesPath = Directory.CreateDirectory(Path.Combine(folder.Path, "resources")).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(resourcesPath, "all.yaml"),
            string.Join("\n---\n", resources.Select(resource => TargetComponents.For(broker, store, resource))).Replace(SidecarUnderTest.TopicMark, "", StringComparison.Ordinal));
        return new LocalHost(
            await LocalSidecar.StartAsync(new SidecarOptions
            {
                DataPath = Path.Combine(folder.Path, "data"),
                ResourcesPath = resourcesPath,
                Apps = apps,
                DaprApiToken = setup.DaprApiToken,
                AppApiToken = setup.AppApiToken,
                Rules = Imitations.Of(broker, store, version, setup.CountRefused),
                Tracing = setup.Tracing,
                Interceptor = setup.Faults,
                LoggerFactory = setup.Log ?? Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance,
                TimeProvider = setup.Time ?? TimeProvider.System,
            }))
        {
            Broker = broker,
            Store = store,
            Version = version ?? Imitations.VersionOf(broker),
        };
    }

    public Uri EndpointOf(string appId) => Sidecar.EndpointOf(appId);

    public Uri? GrpcEndpointOf(string appId) => Sidecar.GrpcEndpointOf(appId);

    public async Task EndedAsync(string appId) => Assert.Equal(appId, await _shutdown.Task.WaitAsync(Timeouts.Time));

    public Task SettledAsync() => Eventually.TrueAsync(() => Sidecar.Database.Read(session => (long)session.Scalar("SELECT COUNT(*) FROM delivery")!) == 0);

    public ValueTask DisposeAsync() => Sidecar.DisposeAsync();
}
