using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace FindMe.Api;

/// <summary>Logs the page's address once the app listens and its sidecar answers. Scripts that start FindMe wait for this line.</summary>
internal sealed partial class ReadyLine(DaprClient dapr, IServer server, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<ReadyLine> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    // Longer than a sidecar takes to start next to its app.
    private static readonly TimeSpan UntilMissed = TimeSpan.FromSeconds(15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
        var (since, isSaid) = (time.GetTimestamp(), false);
        while (!await IsThereAsync(stoppingToken))
        {
            if (!isSaid && time.GetElapsedTime(since) > UntilMissed)
            {
                isSaid = true;
                LogMissing(logger, UntilMissed.TotalSeconds);
            }

            await Task.Delay(Interval, time, stoppingToken);
        }

        var address = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        LogReady(logger, address);
    }

    private async Task<bool> IsThereAsync(CancellationToken cancellationToken)
    {
        try
        {
            await dapr.GetStateAsync<object>(StateKeys.Store, StateKeys.OpenSearches, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "FindMe is ready: {Address}")]
    private static partial void LogReady(ILogger logger, string? address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Dapr sidecar or its state store has not answered for {Seconds} s. Is the store of components/statestore.yaml running, a Redis on localhost:6379 by default?")]
    private static partial void LogMissing(ILogger logger, double seconds);
}
