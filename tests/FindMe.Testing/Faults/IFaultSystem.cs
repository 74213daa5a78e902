namespace FindMe.Testing;

/// <summary>FindMe with two replicas of Compare, as far as a fault reaches it: apps, their sidecars and the broker.</summary>
internal interface IFaultSystem : IAsyncDisposable
{
    /// <summary>Where the page is.</summary>
    Uri Page { get; }

    /// <summary>Photos that the replicas of Compare have begun, each time counted.</summary>
    int Comparisons();

    /// <summary>Ends an app's process at once; it is then started again.</summary>
    /// <param name="app">The app id.</param>
    /// <param name="replica">Which replica, from 0.</param>
    void KillApp(string app, int replica);

    /// <summary>Ends the sidecar of one replica at once, with all that it holds; it is then started again.</summary>
    /// <param name="app">The app id.</param>
    /// <param name="replica">Which replica, from 0.</param>
    Task KillSidecarAsync(string app, int replica);

    /// <summary>Tells a replica and its sidecar to end at the same moment, as platforms do; they do not come back.</summary>
    /// <param name="app">The app id.</param>
    /// <param name="replica">Which replica, from 0.</param>
    Task ScaleInAsync(string app, int replica);

    /// <summary>Starts the app that was held back.</summary>
    Task StartHeldAsync();

    /// <summary>Takes broker and store away.</summary>
    Task StopBrokerAsync();

    /// <summary>Brings broker and store back.</summary>
    Task StartBrokerAsync();
}
