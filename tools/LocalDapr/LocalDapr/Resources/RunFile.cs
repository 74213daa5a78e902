using YamlDotNet.RepresentationModel;

namespace LocalDapr;

/// <summary>A <c>dapr.yaml</c> with the apps to run, in the format of <c>dapr run -f</c>.</summary>
public sealed record RunFile
{
    private static readonly string[] SharedSettings =
    [
        "appChannelAddress", "appHealthCheckPath", "appHealthProbeInterval", "appHealthProbeTimeout", "appHealthThreshold", "appLogDestination",
        "appMaxConcurrency", "appProtocol", "apiListenAddresses", "configFilePath", "daprdLogDestination", "enableApiLogging",
        "enableAppHealthCheck", "enableProfiling", "env", "logLevel", "maxBodySize", "placementHostAddress", "readBufferSize", "resourcesPath",
        "resourcesPaths", "runtimePath", "schedulerHostAddress",
    ];

    private static readonly string[] AppSettings =
    [
        .. SharedSettings, "appDirPath", "appID", "appPort", "command", "containerImage", "containerImagePullPolicy", "createService",
        "daprGRPCPort", "daprHTTPPort", "daprInternalGRPCPort", "metricsPort", "profilePort", "unixDomainSocket",
    ];

    /// <summary>The apps in the file's order.</summary>
    public required IReadOnlyList<RunFileApp> Apps { get; init; }

    /// <summary>Full path of the resources folder in <c>common</c>; null for none.</summary>
    public string? ResourcesPath { get; init; }

    /// <summary>Warnings of unknown, probably misspelled settings, which Dapr ignores silently.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Reads a run file.</summary>
    /// <param name="path">The file. Its paths are relative to its folder, those of an app to the app's folder.</param>
    /// <exception cref="SidecarConfigurationException">The file cannot be read, or a setting is missing or invalid.</exception>
    public static RunFile Load(string path)
    {
        var file = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(file)!;
        var root = YamlDocuments.Load(file) is [var only, ..] ? only : throw new SidecarConfigurationException($"{file} is empty.");
        if (root.Text("version") is null)
        {
            throw new SidecarConfigurationException($"{file} has no version: add 'version: 1'.");
        }

        var common = root.Mapping("common");
        var warnings = new List<string>();
        Check(root, ["version", "name", "common", "apps"], "", warnings);
        Check(common, SharedSettings, "common.", warnings);
        var apps = root.Items("apps")
            .Select((node, index) => ReadApp(node as YamlMappingNode, common, file, folder, index, warnings))
            .ToList();
        if (apps.GroupBy(app => app.AppId).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new SidecarConfigurationException($"{file} has two apps with the id {twice.Key}.");
        }

        return new RunFile
        {
            Apps = apps,
            ResourcesPath = ResourcesOf(common, folder),
            Warnings = warnings,
        };
    }

    private static RunFileApp ReadApp(
        YamlMappingNode? app, YamlMappingNode? common, string file, string folder, int index, List<string> warnings)
    {
        var directory = app.Text("appDirPath") is { } path
            ? FullPath(path, folder)
            : throw new SidecarConfigurationException($"{file}: app {index + 1} has no appDirPath.");
        var id = app.Text("appID") ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(directory));
        Check(app, AppSettings, $"apps.{id}.", warnings);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in common.Mapping("env").Fields().Concat(app.Mapping("env").Fields()))
        {
            environment[name] = (value as YamlScalarNode)?.Value ?? "";
        }

        var ownResources = Path.Combine(directory, ".dapr", "resources");
        return new RunFileApp(
            id,
            directory,
            Number(app, "appPort", file, id),
            Number(app, "daprHTTPPort", file, id),
            Number(app, "appMaxConcurrency", file, id) ?? Number(common, "appMaxConcurrency", file, "common") ?? -1,
            environment,
            [.. app.Texts("command")])
        {
            DaprGrpcPort = Number(app, "daprGRPCPort", file, id),
            ResourcesPath = ResourcesOf(app, directory) ?? (Directory.Exists(ownResources) ? ownResources : ResourcesOf(common, folder)),
            Settings = common.Fields().Concat(app.Fields())
                .Where(field => field.Value is YamlScalarNode)
                .GroupBy(field => field.Name, StringComparer.Ordinal)
                .ToDictionary(field => field.Key, field => ((YamlScalarNode)field.Last().Value).Value ?? "", StringComparer.Ordinal),
        };
    }

    private static string? ResourcesOf(YamlMappingNode? node, string folder) =>
        (node.Texts("resourcesPaths").FirstOrDefault() ?? node.Text("resourcesPath")) is { } path ? FullPath(path, folder) : null;

    private static string FullPath(string path, string folder) => path.Contains('\0', StringComparison.Ordinal)
        ? throw new SidecarConfigurationException($"{folder}: a path in the run file contains a NUL character.")
        : Path.GetFullPath(path, folder);

    private static int? Number(YamlMappingNode? node, string setting, string file, string owner) =>
        node.Text(setting) is not { } text ? null
        : int.TryParse(text, out var number) ? number
        : throw new SidecarConfigurationException($"{file}: {setting} of {owner} is '{text}', not a number.");

    private static void Check(YamlMappingNode? node, string[] known, string owner, List<string> warnings) =>
        warnings.AddRange(node.Fields().Where(field => !known.Contains(field.Name)).Select(field => $"{owner}{field.Name} is not a run file setting"));
}

/// <summary>One app of a run file.</summary>
/// <param name="AppId">The Dapr app id; default the name of its folder.</param>
/// <param name="DirectoryPath">Full path of its folder, the working directory of its command.</param>
/// <param name="AppPort">The port it listens on; null for none.</param>
/// <param name="DaprHttpPort">The port of its sidecar's HTTP API; null for a free one.</param>
/// <param name="MaxConcurrency">Maximum concurrent calls to it; −1 for no limit.</param>
/// <param name="Environment">Its environment variables, including those of <c>common</c>.</param>
/// <param name="Command">Program and arguments; empty for an app that is started elsewhere.</param>
public sealed record RunFileApp(
    string AppId,
    string DirectoryPath,
    int? AppPort,
    int? DaprHttpPort,
    int MaxConcurrency,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyList<string> Command)
{
    /// <summary>The port of its sidecar's gRPC API; null for a free one.</summary>
    public int? DaprGrpcPort { get; init; }

    /// <summary>Returns the environment variables that <c>dapr run</c> sets, with the app's own.</summary>
    /// <param name="appPort">The port it listens on; null for none.</param>
    /// <param name="daprHttpPort">The port of its sidecar's HTTP API.</param>
    /// <param name="daprGrpcPort">The port of its sidecar's gRPC API.</param>
    public Dictionary<string, string> EnvironmentOf(int? appPort, int daprHttpPort, int daprGrpcPort)
    {
        var environment = new Dictionary<string, string>
        {
            ["APP_ID"] = AppId,
            ["APP_PROTOCOL"] = "http",
            ["DAPR_HTTP_PORT"] = $"{daprHttpPort}",
            ["DAPR_GRPC_PORT"] = $"{daprGrpcPort}",
        };
        if (appPort is { } port)
        {
            environment["APP_PORT"] = $"{port}";
        }

        foreach (var (name, value) in Environment)
        {
            environment[name] = value;
        }

        return environment;
    }

    /// <summary>Full path of the app's resources folder: its own, else the common one; null for none.</summary>
    public string? ResourcesPath { get; init; }

    /// <summary>Its scalar settings by name, including those of <c>common</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
