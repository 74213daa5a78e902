using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace LocalDapr.Cli;

/// <summary>Serves until asked to end.</summary>
internal static class SidecarRun
{
    /// <summary>Runs a sidecar for some apps; tokens come from DAPR_API_TOKEN and APP_API_TOKEN, as daprd's do.</summary>
    /// <param name="settings">What both commands say.</param>
    /// <param name="apps">The apps, their ports and those of their sidecars.</param>
    /// <param name="resources">Folders of YAML resources.</param>
    /// <param name="maxBodyBytes">Largest body.</param>
    /// <param name="tracing">Whether to make spans.</param>
    /// <param name="startApps">Starts what is to run beside the sidecar, and stops it when it is disposed of; null for nothing.</param>
    /// <param name="cancellationToken">Asks it to end.</param>
    /// <returns>The exit code: 0 after an end that was asked for, 1 when it could not start.</returns>
    public static async Task<int> RunAsync(
        SidecarSettings settings,
        IReadOnlyList<SidecarApp> apps,
        IReadOnlyList<string> resources,
        int maxBodyBytes,
        bool tracing,
        Func<LocalSidecar, IAsyncDisposable>? startApps,
        CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = new EndSignals(ended);
        var environment = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        using var loggers = LoggerFactory.Create(logging => logging
            .SetMinimumLevel(settings.LogLevel)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Grpc", LogLevel.Warning)
            .AddSimpleConsole(console => console.SingleLine = true));
        var temporary = settings.DataPath is null ? Directory.CreateTempSubdirectory("local-dapr-") : null;
        try
        {
            await using var sidecar = await LocalSidecar.StartAsync(
                new SidecarOptions
                {
                    DataPath = settings.DataPath ?? temporary!.FullName,
                    ResourcesPath = resources[0],
                    MoreResourcesPaths = [.. resources.Skip(1)],
                    Apps = apps,
                    DaprApiToken = environment["DAPR_API_TOKEN"],
                    AppApiToken = environment["APP_API_TOKEN"],
                    MaxBodyBytes = maxBodyBytes,
                    Broker = settings.Broker,
                    Version = settings.Version,
                    Store = settings.Store,
                    Tracing = tracing,
                    LoggerFactory = loggers,
                },
                ended.Token);
            sidecar.ShutdownRequested += (_, _) => ended.Cancel();
            foreach (var appId in apps.Select(app => app.AppId))
            {
                Console.WriteLine($"The sidecar of {appId} is at {sidecar.EndpointOf(appId)}, for gRPC at {sidecar.GrpcEndpointOf(appId)}");
            }

            Console.WriteLine($"Its data is in {Path.GetDirectoryName(sidecar.DatabasePath)}");
            await using var running = startApps?.Invoke(sidecar);
            await Task.Delay(Timeout.Infinite, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return 0;
        }
        catch (Exception failure) when (failure is SidecarDataException or SidecarPortException or SidecarConfigurationException or ValidationException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            return 0;
        }
        finally
        {
            temporary?.Delete(recursive: true);
        }
    }
}
