using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace LocalDapr;

/// <summary>One port of an app: waits until the app listens, reads its subscriptions, delivers events, and waits again when it stops listening.</summary>
internal sealed partial class Replica(
    AppSide appSide, int port, Broker broker, DeclaredResources resources, SidecarOptions options, ILogger logger)
    : IDisposable
{
    // daprd polls every 100 ms forever; polling more slowly after ten seconds keeps an idle machine idle.
    private static readonly TimeSpan FirstPollInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LaterPollInterval = TimeSpan.FromMilliseconds(500);
    private const int FirstPolls = 100;

    // Interval for noticing the restart of an idle replica, whose subscriptions may have changed.
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    // Origin: daprd retries its start-up calls three times within ten seconds; then discovery starts again.
    private const int DiscoveryRetries = 3;
    private static readonly TimeSpan DiscoveryTime = TimeSpan.FromSeconds(10);

    private readonly HttpClient _app = appSide.ClientOf(port);
    private readonly SemaphoreSlim _calls = new(appSide.MaxConcurrency);
    private readonly ConcurrentDictionary<Inbox, SemaphoreSlim> _slots = new();
    private readonly ConcurrentDictionary<Task, byte> _deliveries = new();

    private CancellationTokenSource _lost = new();
    private Task _away = Task.CompletedTask;

    public string AppId => appSide.AppId;

    /// <summary>Completes when all deliveries in progress have ended.</summary>
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

    /// <summary>Delivers events to the replica until stopped.</summary>
    /// <param name="stopping">Stops taking new events; deliveries in progress continue.</param>
    /// <param name="aborting">Cancels deliveries in progress. Their events are redelivered after the next start.</param>
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
                LogDisconnected(logger, appSide.AppId, port);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or Microsoft.Data.Sqlite.SqliteException)
            {
                LogDiscoveryFailed(logger, appSide.AppId, port, failure);
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

    // Takes a slot before an event: an event without a slot would wait here while another replica is idle.
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
            // Leaves this thread free to take the next event.
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
                // The delivery outlived its connection, whose token source is already disposed of.
            }
            catch (OperationCanceledException) when (lost.IsCancellationRequested && !aborting.IsCancellationRequested)
            {
                _ = broker.AbandonedAsync(pending, aborting);
            }
            catch (OperationCanceledException) when (aborting.IsCancellationRequested)
            {
                // The event is stored, and will be redelivered after the next start.
            }
            catch (Exception failure)
            {
                LogInternalError(logger, pending.Message, failure);
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
            // Connecting to a free ephemeral port can connect the socket to itself.
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

    [LoggerMessage(Level = LogLevel.Information, Message = "Connected to {AppId} on port {Port}, which has {Count} subscriptions")]
    private static partial void LogAttached(ILogger logger, string appId, int port, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "Lost {AppId} on port {Port}; its events wait until it listens again")]
    private static partial void LogDisconnected(ILogger logger, string appId, int port);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to read the subscriptions of {AppId} on port {Port}; will retry")]
    private static partial void LogDiscoveryFailed(ILogger logger, string appId, int port, Exception failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "Internal error while delivering message {Message}; will redeliver it")]
    private static partial void LogInternalError(ILogger logger, long message, Exception failure);
}
