namespace FindMe.Testing;

/// <summary>FindMe with two replicas of Compare, and the faults that can be injected into its apps, sidecars and broker.</summary>
internal interface IFaultSystem : IAsyncDisposable
{
    /// <summary>Address of the page.</summary>
    Uri Page { get; }

    /// <summary>Returns the number of comparisons started, including repeated ones.</summary>
    int Comparisons();

    /// <summary>Kills an app's process, which is then restarted.</summary>
    /// <param name="app">The app id.</param>
    /// <param name="replica">Index of the replica, from 0.</param>
    void KillApp(string app, int replica);

    /// <summary>Kills a replica's sidecar during its deliveries; it is then restarted.</summary>
    /// <param name="app">The app id.</param>
    /// <param name="replica">Index of the replica, from 0.</param>
    Task KillSidecarAsync(string app, int replica);

    /// <summary>Stops a replica and its sidecar for good, both at the same time, as platforms do.</summary>
    /// <param name="app">The app id.</param>
    /// <param name="replica">Index of the replica, from 0.</param>
    Task ScaleInAsync(string app, int replica);

    /// <summary>Starts the app that was not started with the others.</summary>
    Task StartHeldAsync();

    /// <summary>Stops broker and store.</summary>
    Task StopBrokerAsync();

    /// <summary>Starts broker and store again.</summary>
    Task StartBrokerAsync();
}
