using System.CommandLine;

namespace LocalDapr.Cli;

/// <summary><c>local-dapr run -f dapr.yaml</c>: the apps of a run file, with one sidecar for all of them.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var file = new Option<string>("--run-file", "-f") { Description = "A run file, or the folder of a dapr.yaml.", DefaultValueFactory = _ => "." };
        var command = new Command("run", "Runs the apps of a dapr.yaml as `dapr run -f` does. They share a broker and a store, and end together.") { file };
        var flags = new SidecarFlags(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            try
            {
                return RunAsync(parsed.GetValue(file)!, flags.Read(parsed), cancellationToken);
            }
            catch (Exception failure) when (failure is SidecarConfigurationException or FormatException)
            {
                Console.Error.WriteLine(failure.Message);
                return Task.FromResult(1);
            }
        });
        return command;
    }

    private static Task<int> RunAsync(string path, SidecarSettings settings, CancellationToken cancellationToken)
    {
        var run = RunFile.Load(Directory.Exists(path) ? Path.Combine(path, "dapr.yaml") : path);
        foreach (var warning in run.Warnings)
        {
            Console.WriteLine(warning);
        }

        if (run.Apps.Count == 0)
        {
            throw new SidecarConfigurationException($"{path} has no apps.");
        }

        var resources = run.Apps.Select(app => app.ResourcesPath ?? run.ResourcesPath).Distinct().ToList();
        if (resources is not [{ } folder])
        {
            throw new SidecarConfigurationException($"{path}: give all apps the same resourcesPaths, since they share one broker and one store here.");
        }

        var apps = run.Apps
            .Select(app => new SidecarApp(app.AppId, app.DaprHttpPort ?? 0, app.AppPort is { } port ? [port] : [], app.MaxConcurrency) { DaprGrpcPort = app.DaprGrpcPort ?? 0 })
            .ToList();
        var shared = run.Apps[0].Settings;
        var tracing = shared.TryGetValue("configFilePath", out var configuration)
            && DaprConfiguration.Load(Path.GetFullPath(configuration, Path.GetDirectoryName(Path.GetFullPath(path))!)).HasTracing;
        return SidecarRun.RunAsync(
            settings,
            apps,
            [folder],
            BodySize.Parse(shared.GetValueOrDefault("maxBodySize", "4Mi")),
            tracing,
            sidecar => AppProcesses.Start(run.Apps, sidecar),
            cancellationToken);
    }
}
