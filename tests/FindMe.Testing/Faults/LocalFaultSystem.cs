using LocalDapr.Faults;

namespace FindMe.Testing;

/// <summary>Over the local sidecar: it serves all apps in this process, and loses the consumer of one replica on purpose.</summary>
internal sealed class LocalFaultSystem : IFaultSystem
{
    private static readonly TimeSpan SidecarRestart = TimeSpan.FromSeconds(2);

    private LoadSystem? _load;
    private bool _isGone;

    public Uri Page => _load!.System.Page;

    /// <summary>Starts it.</summary>
    /// <param name="broker">Whose rules the sidecar follows.</param>
    /// <param name="album">The album's folder.</param>
    /// <param name="held">The app that is not started with the others; null: none.</param>
    /// <param name="components">The folder of components, below the checkout.</param>
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
                    Observe = _ => Volatile.Read(ref system._isGone) ? throw new InvalidOperationException("The broker and the store are gone.") : Task.CompletedTask,
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
        Volatile.Write(ref _isGone, true);
        return Task.CompletedTask;
    }

    public Task StartBrokerAsync()
    {
        Volatile.Write(ref _isGone, false);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => _load!.DisposeAsync();
}
