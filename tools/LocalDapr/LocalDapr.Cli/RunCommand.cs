using System.CommandLine;

namespace LocalDapr.Cli;

/// <summary><c>local-dapr run -f dapr.yaml</c>: the apps of a run file, with one sidecar for all of them.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var file = new Option<string>("--run-file", "-f") { Description = "A run file, or a folder with a dapr.yaml.", DefaultValueFactory = _ => "." };
        var command = new Command("run", "Runs the apps of a dapr.yaml like `dapr run -f`. They share one broker and one store, and stop together.") { file };
        var run = new SidecarRun(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            RunFile? read = null;
            return run.RunAsync(
                parsed,
                () =>
                {
                    var path = parsed.GetValue(file)!;
                    path = Directory.Exists(path) ? Path.Combine(path, "dapr.yaml") : path;
                    read = RunFile.Load(path);
                    return OptionsOf(read, path);
                },
                sidecar => Start(read!.Apps, sidecar),
                cancellationToken);
        });
        return command;
    }

    private static SidecarOptions OptionsOf(RunFile run, string path)
    {
        foreach (var warning in run.Warnings)
        {
            Console.WriteLine(warning);
        }

        if (run.Apps.Count == 0)
        {
            throw new SidecarConfigurationException($"{path} has no apps.");
        }

        if (run.Apps.Select(app => app.ResourcesPath ?? run.ResourcesPath).Distinct().ToList() is not [{ } folder])
        {
            throw new SidecarConfigurationException($"{path}: all apps must have the same resourcesPaths, because they share one broker and one store.");
        }

        var shared = run.Apps[0].Settings;
        return new SidecarOptions
        {
            DataPath = "",
            ResourcesPath = folder,
            Apps = [.. run.Apps.Select(app => new SidecarApp(app.AppId, app.DaprHttpPort ?? 0, app.AppPort is { } port ? [port] : [], app.MaxConcurrency) { DaprGrpcPort = app.DaprGrpcPort ?? 0 })],
            MaxBodyBytes = SidecarRun.BytesOf(shared.GetValueOrDefault("maxBodySize", "4Mi")),
            Tracing = shared.TryGetValue("configFilePath", out var configuration)
                && DaprConfiguration.Load(Path.GetFullPath(configuration, Path.GetDirectoryName(Path.GetFullPath(path))!)).HasTracing,
        };
    }

    private static AppProcesses Start(IReadOnlyList<RunFileApp> apps, LocalSidecar sidecar)
    {
        var processes = new AppProcesses((app, line) => Console.WriteLine($"{app}: {line}"));
        foreach (var app in apps.Where(app => app.Command.Count > 0))
        {
            var environment = app.EnvironmentOf(app.AppPort, sidecar.EndpointOf(app.AppId).Port, sidecar.GrpcEndpointOf(app.AppId).Port);
            processes.Start(new AppProcess(app.AppId, app.Command, app.DirectoryPath, environment));
        }

        return processes;
    }
}
