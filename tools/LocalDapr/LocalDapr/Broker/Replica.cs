using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace LocalDapr;

/// <summary>One port on which an app may listen: waits for it, asks what it subscribes to, feeds it, and waits again when it has gone.</summary>
internal sealed partial class Replica(
    AppSide appSide, int port, Broker broker, DeclaredResources resources, SidecarOptions options, ILogger logger)
    : IDisposable
{
    // daprd asks every 100 ms without end; after ten seconds nobody misses the difference, and an idle machine stays idle.
    private static readonly TimeSpan FirstPollInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LaterPollInterval = TimeSpan.FromMilliseconds(500);
    private const int FirstPolls = 100;

    // How soon an idle replica's restart is seen, so that a new build's subscriptions are asked for.
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    // Origin: daprd retries its start-up calls three times and gives them ten seconds; an app that says nothing for so long is asked anew.
    private const int DiscoveryRetries = 3;
    private static readonly TimeSpan DiscoveryTime = TimeSpan.FromSeconds(10);

    private readonly HttpClient _app = appSide.ClientOf(port);
    private readonly SemaphoreSlim _calls = new(appSide.MaxConcurrency);
    private readonly ConcurrentDictionary<Inbox, SemaphoreSlim> _slots = new();
    private readonly ConcurrentDictionary<Task, byte> _deliveries = new();

    private CancellationTokenSource _lost = new();
    private Task _away = Task.CompletedTask;

    /// <summary>The app's id.</summary>
    public string AppId => appSide.AppId;

    /// <summary>The deliveries under way.</summary>
    public Task SettledAsync() => Task.WhenAll(_deliveries.Keys);

    /// <summary>Breaks off this replica's deliveries as if a sidecar of its own was killed, and attaches again after a delay. For tests.</summary>
    public Task LoseAsync(TimeSpan delay)
    {
        _away = Task.Delay(delay, options.TimeProvider);
        return _lost.CancelAsync();
    }

    public void Dispose()
    {
        _app.Dispose();
        _lost.Dispose();
        _calls.Dispose();
        foreach (var slots in _slots.Values)
        {
            slots.Dispose();
        }
    }

    /// <summary>Serves the replica.</summary>
    /// <param name="stopping">Ends the serving; deliveries under way go on.</param>
    /// <param name="aborting">Ends those too. Their events come again after the next start.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken aborting)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await _away.WaitAsync(stopping);
                await WaitUntilListeningAsync(stopping);
                var routes = await DiscoverAsync(stopping);
                var inboxes = await broker.SubscribeAsync(appSide.AppId, routes);
                appSide.Attached(routes);
                LogAttached(logger, appSide.AppId, port, routes.Count);
                await ServeAsync(inboxes, stopping, aborting);
                LogGone(logger, appSide.AppId, port);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or Microsoft.Data.Sqlite.SqliteException)
            {
                LogNotAttached(logger, appSide.AppId, port, failure);
                await PauseAsync(FirstPollInterval, stopping);
            }
        }
    }

    private async Task ServeAsync(IReadOnlyList<Inbox> inboxes, CancellationToken stopping, CancellationToken aborting)
    {
        _lost = new CancellationTokenSource();
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(stopping, _lost.Token);
        var takers = inboxes.Select(inbox => TakeAsync(inbox, gone, aborting)).ToList();
        while (await PauseAsync(WatchInterval, gone.Token) && (!options.Rules.WatchesPort || await IsListeningAsync(stopping)))
        {
        }

        await gone.CancelAsync();
        await Task.WhenAll(takers);
        stopping.ThrowIfCancellationRequested();
    }

    // A slot first, then an event: an event taken without a slot would wait here while another replica is idle.
    private async Task TakeAsync(Inbox inbox, CancellationTokenSource gone, CancellationToken aborting)
    {
        var cancellationToken = gone.Token;
        var lost = _lost.Token;
        var slots = SlotsOf(inbox);
        var delivery = new Delivery(
            broker, _app, resources.InboundOf(appSide.AppId, inbox.Component.Name), appSide.Traffic, options, logger);
        try
        {
            while (true)
            {
                await slots.WaitAsync(cancellationToken);
                Pending pending;
                try
                {
                    pending = await inbox.TakeAsync(cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    slots.Release();
                    throw;
                }

                _ = broker.ReclaimAsync(pending, aborting);
                Track(DeliverAsync(pending));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }

        async Task DeliverAsync(Pending pending)
        {
            // Off this taker's thread: it has the next event to fetch.
            await Task.Yield();
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(aborting, lost);
            try
            {
                await _calls.WaitAsync(ending.Token);
                try
                {
                    if (!await delivery.DeliverAsync(pending, ending.Token))
                    {
                        await gone.CancelAsync();
                    }
                }
                finally
                {
                    _calls.Release();
                }
            }
            catch (ObjectDisposedException) when (cancellationToken.IsCancellationRequested)
            {
                // An event of an earlier attachment, tried again too late: the replica was already given up.
            }
            catch (OperationCanceledException) when (lost.IsCancellationRequested && !aborting.IsCancellationRequested)
            {
                _ = broker.AbandonedAsync(pending, aborting);
            }
            catch (OperationCanceledException) when (aborting.IsCancellationRequested)
            {
                // It is in the database and comes again after the next start.
            }
            catch (Exception failure)
            {
                LogBroken(logger, pending.Message, failure);
                await PauseAsync(WatchInterval, aborting);
                broker.Return(pending);
            }
            finally
            {
                slots.Release();
            }
        }
    }

    // Kept across attachments, so that a replica that reconnects quickly does not get twice its share.
    private SemaphoreSlim SlotsOf(Inbox inbox) =>
        _slots.GetOrAdd(inbox, _ => new SemaphoreSlim(Math.Min(inbox.Component.Concurrency, appSide.MaxConcurrency)));

    private void Track(Task delivery)
    {
        _deliveries.TryAdd(delivery, 0);
        delivery.ContinueWith(ended => _deliveries.TryRemove(ended, out _), TaskScheduler.Default);
    }

    private async Task<IReadOnlyList<Route>> DiscoverAsync(CancellationToken stopping)
    {
        var subscriptions = new Subscriptions(appSide.AppId, _app, resources, logger);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(DiscoveryTime);
        for (var retry = 0; ; retry++)
        {
            try
            {
                return await subscriptions.DiscoverAsync(limit.Token);
            }
            catch (HttpRequestException) when (retry < DiscoveryRetries)
            {
                await PauseAsync(LaterPollInterval, limit.Token);
            }
        }
    }

    private async Task WaitUntilListeningAsync(CancellationToken stopping)
    {
        for (var poll = 0; !await IsListeningAsync(stopping); poll++)
        {
            stopping.ThrowIfCancellationRequested();
            await PauseAsync(poll < FirstPolls ? FirstPollInterval : LaterPollInterval, stopping);
        }
    }

    private async Task<bool> IsListeningAsync(CancellationToken stopping)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), stopping);
            // A free port of the ephemeral range can end up connected to itself, with nobody behind it.
            return !Equals(socket.LocalEndPoint, socket.RemoteEndPoint);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<bool> PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        await Task.Delay(pause, options.TimeProvider, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !cancellationToken.IsCancellationRequested;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{AppId} on port {Port} is there and has {Count} subscriptions")]
    private static partial void LogAttached(ILogger logger, string appId, int port, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "{AppId} on port {Port} has gone; its events wait")]
    private static partial void LogGone(ILogger logger, string appId, int port);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{AppId} on port {Port} could not be asked for its subscriptions")]
    private static partial void LogNotAttached(ILogger logger, string appId, int port, Exception failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "Delivering message {Message} broke in the sidecar itself; it is delivered again")]
    private static partial void LogBroken(ILogger logger, long message, Exception failure);
}
