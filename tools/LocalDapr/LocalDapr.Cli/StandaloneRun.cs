using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace LocalDapr.Cli;

/// <summary>What the command line says.</summary>
/// <param name="App">The app, its port and the port of its sidecar.</param>
/// <param name="Resources">Folders of YAML resources.</param>
/// <param name="DataPath">Null for a temporary folder.</param>
/// <param name="MaxBodyBytes">Largest body.</param>
/// <param name="LogLevel">The least severe level that is printed.</param>
/// <param name="Broker">Rules of delivery.</param>
/// <param name="Version">Whose rules where versions differ, or null for that of the broker.</param>
/// <param name="Store">Rules of concurrency.</param>
/// <param name="Chaos">What to do wrong, or null.</param>
/// <param name="Tracing">Whether to make spans.</param>
internal sealed record StandaloneOptions(
    SidecarApp App,
    IReadOnlyList<string> Resources,
    string? DataPath,
    int MaxBodyBytes,
    LogLevel LogLevel,
    BrokerProfile Broker,
    DaprVersion? Version,
    StoreProfile Store,
    ChaosOptions? Chaos,
    bool Tracing);

/// <summary>Serves until asked to end.</summary>
internal static class StandaloneRun
{
    /// <summary>Runs the sidecar; tokens come from DAPR_API_TOKEN and APP_API_TOKEN, as daprd's do.</summary>
    /// <returns>The exit code: 0 after an end that was asked for, 1 when it could not start.</returns>
    public static async Task<int> RunAsync(StandaloneOptions options, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = new EndSignals(ended);
        var environment = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        using var loggers = LoggerFactory.Create(logging => logging
            .SetMinimumLevel(options.LogLevel).AddFilter("Microsoft.AspNetCore", LogLevel.Warning).AddFilter("Grpc", LogLevel.Warning).AddSimpleConsole(console => console.SingleLine = true));
        var temporary = options.DataPath is null ? Directory.CreateTempSubdirectory("findme-sidecar-") : null;
        try
        {
            await using var sidecar = await LocalSidecar.StartAsync(
                new SidecarOptions
                {
                    DataPath = options.DataPath ?? temporary!.FullName,
                    ResourcesPath = options.Resources[0],
                    MoreResourcesPaths = [.. options.Resources.Skip(1)],
                    Apps = [options.App],
                    DaprApiToken = environment["DAPR_API_TOKEN"],
                    AppApiToken = environment["APP_API_TOKEN"],
                    MaxBodyBytes = options.MaxBodyBytes,
                    Broker = options.Broker,
                    Version = options.Version,
                    Store = options.Store,
                    Chaos = options.Chaos,
                    Tracing = options.Tracing,
                    LoggerFactory = loggers,
                },
                ended.Token);
            sidecar.ShutdownRequested += (_, _) => ended.Cancel();
            var appId = options.App.AppId;
            Console.WriteLine(
                $"The sidecar of {appId} is at {sidecar.EndpointOf(appId)}, for gRPC at {sidecar.GrpcEndpointOf(appId)}; its data is in {Path.GetDirectoryName(sidecar.DatabasePath)}");
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
