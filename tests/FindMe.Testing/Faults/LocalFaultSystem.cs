using LocalDapr.Faults;

namespace FindMe.Testing;

/// <summary>FindMe on the local sidecar, which serves all apps from this process and simulates the death of single sidecars.</summary>
internal sealed class LocalFaultSystem : IFaultSystem
{
    private static readonly TimeSpan SidecarRestart = TimeSpan.FromSeconds(2);

    private LoadSystem? _load;
    private bool _isDown;

    public Uri Page => _load!.System.Page;

    /// <summary>Starts FindMe.</summary>
    /// <param name="broker">The broker whose rules to follow.</param>
    /// <param name="album">The album's folder.</param>
    /// <param name="held">An app to start later; null for none.</param>
    /// <param name="components">The resources folder, relative to the checkout.</param>
    public static async Task<LocalFaultSystem> StartAsync(BrokerProfile broker, string album, string? held, string components)
    {
        var system = new LocalFaultSystem();
        system._load = await LoadSystem.StartAsync(
            [album],
            options => options with
            {
                Replicas = FaultRuns.Replicas,
                Rules = Imitations.Of(broker, countsRefused: true),
                Held = held is null ? [] : [held],
                Settings = new Dictionary<string, string>(options.Settings) { ["Logging__LogLevel__FindMe.Compare"] = "Debug" },
                Interceptor = new FaultInjection
                {
                    Observe = _ => Volatile.Read(ref system._isDown) ? throw new InvalidOperationException("The broker and the store are down.") : Task.CompletedTask,
                },
            },
            areImpatient: false,
            components: components);
        return system;
    }

    public int Comparisons() => FaultRuns.Comparisons(Path.Combine(Path.GetDirectoryName(_load!.System.Sidecar.DatabasePath)!, "logs"));

    public void KillApp(string app, int replica) => _load!.System.Processes.Kill(FaultRuns.NameOf(app, replica));

    public Task KillSidecarAsync(string app, int replica) => _load!.System.Sidecar.LoseConsumerAsync(app, replica, SidecarRestart);

    public Task ScaleInAsync(string app, int replica) => Task.WhenAll(
        _load!.System.Sidecar.LoseConsumerAsync(app, replica, delay: TimeSpan.FromHours(1)),
        _load.System.Processes.EndAsync(FaultRuns.NameOf(app, replica)));

    public Task StartHeldAsync() => _load!.System.StartHeldAsync(CancellationToken.None);

    public Task StopBrokerAsync()
    {
        Volatile.Write(ref _isDown, true);
        return Task.CompletedTask;
    }

    public Task StartBrokerAsync()
    {
        Volatile.Write(ref _isDown, false);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => _load!.DisposeAsync();
}
