using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace LocalDapr.Cli;

/// <summary>Runs a sidecar until it is told to stop. Holds the flags that both commands share.</summary>
internal sealed class SidecarRun
{
    private static readonly (string Word, LogLevel Level)[] Levels =
        [("debug", LogLevel.Debug), ("info", LogLevel.Information), ("warn", LogLevel.Warning), ("error", LogLevel.Error), ("fatal", LogLevel.Critical)];

    private static readonly (string Unit, long Bytes)[] Units =
        [("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("k", 1000), ("M", 1_000_000), ("G", 1_000_000_000), ("", 1)];

    private readonly Option<string> _logLevel = new("--log-level") { Description = "debug, info, warn, error or fatal.", DefaultValueFactory = _ => "info" };

    private readonly Option<DirectoryInfo?> _data = new("--data")
    {
        Description = "Folder for events and state, used by one sidecar at a time. Default: a temporary folder, deleted on exit.",
    };

    /// <summary>Adds the flags to a command.</summary>
    public SidecarRun(Command command)
    {
        _logLevel.AcceptOnlyFromAmong([.. Levels.Select(level => level.Word)]);
        command.Add(_logLevel);
        command.Add(_data);
    }

    /// <summary>Reads a size in bytes as Kubernetes writes it: <c>4Mi</c>, <c>512Ki</c>, <c>5M</c>, up to <c>1Gi</c>, or bytes.</summary>
    /// <exception cref="SidecarConfigurationException"><paramref name="size"/> is not a size, or above 1 GiB.</exception>
    public static int BytesOf(string size)
    {
        var (unit, bytes) = Units.First(unit => size.EndsWith(unit.Unit, StringComparison.Ordinal));
        return long.TryParse(size[..^unit.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= (1L << 30) / bytes
            ? (int)(number * bytes)
            : throw new SidecarConfigurationException($"--max-body-size '{size}' is not a valid size: give one such as 4Mi, up to 1Gi.");
    }

    /// <summary>Runs a sidecar. As with daprd, tokens come from DAPR_API_TOKEN and APP_API_TOKEN.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">Returns what to serve; this method adds the data path, tokens and logging.</param>
    /// <param name="startApps">Starts the apps; disposing of the result stops them. Null when there are none to start.</param>
    /// <param name="cancellationToken">Stops the sidecar.</param>
    /// <returns>The exit code: 0 after a requested stop, 1 when it could not start.</returns>
    public async Task<int> RunAsync(
        ParseResult parsed, Func<SidecarOptions> options, Func<LocalSidecar, IAsyncDisposable>? startApps, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = new EndSignals(ended);
        var environment = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        using var loggers = LoggerFactory.Create(logging => logging
            .SetMinimumLevel(Levels.First(level => level.Word == parsed.GetValue(_logLevel)).Level)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Grpc", LogLevel.Warning)
            .AddSimpleConsole(console => console.SingleLine = true));
        var data = parsed.GetValue(_data)?.FullName;
        var temporary = data is null ? Directory.CreateTempSubdirectory("local-dapr-") : null;
        try
        {
            var served = options() with
            {
                DataPath = data ?? temporary!.FullName,
                DaprApiToken = environment["DAPR_API_TOKEN"],
                AppApiToken = environment["APP_API_TOKEN"],
                LoggerFactory = loggers,
            };
            await using var sidecar = await LocalSidecar.StartAsync(served, ended.Token);
            sidecar.ShutdownRequested += (_, _) => ended.Cancel();
            foreach (var appId in served.Apps.Select(app => app.AppId))
            {
                Console.WriteLine($"The sidecar of {appId} is at {sidecar.EndpointOf(appId)}, for gRPC at {sidecar.GrpcEndpointOf(appId)}");
            }

            Console.WriteLine($"Its data is in {Path.GetDirectoryName(sidecar.DatabasePath)}");
            await using var running = startApps?.Invoke(sidecar);
            await Task.Delay(Timeout.Infinite, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return 0;
        }
        catch (Exception failure) when (failure is SidecarDataException or SidecarPortException or SidecarConfigurationException or AppProcessException or ValidationException)
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
