using System.Security.Cryptography;
using LocalDapr;

namespace FindMe.Local;

/// <summary>Builds the environment variables of a system's processes, and creates the folders that the variables name.</summary>
/// <param name="options">The system's options.</param>
/// <exception cref="StartException">A folder cannot be created.</exception>
internal sealed class AppEnvironment(LocalSystemOptions options)
{
    private readonly string _keys = LocalSystem.CreateFolder(Path.Combine(options.DataPath, "keys"));
    private readonly string _audit = LocalSystem.CreateFolder(Path.Combine(options.DataPath, "audit"));
    private readonly string _uploads = LocalSystem.CreateFolder(Path.Combine(options.DataPath, "uploads"));

    /// <summary>The folder of the logs.</summary>
    public string Logs { get; } = LocalSystem.CreateFolder(Path.Combine(options.DataPath, "logs"));

    /// <summary>The token that apps send to their sidecars.</summary>
    public string DaprApiToken { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>The token that sidecars send to the apps.</summary>
    public string AppApiToken { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Builds the variables of one process.</summary>
    /// <param name="app">The app.</param>
    /// <param name="appPort">The port that Dapr calls.</param>
    /// <param name="page">The page's port; null for an app without a page.</param>
    /// <param name="sidecar">The ports of its sidecar.</param>
    public Dictionary<string, string> Of(RunFileApp app, int appPort, int? page, (int Http, int Grpc) sidecar)
    {
        var environment = app.EnvironmentOf(appPort, sidecar.Http, sidecar.Grpc);
        var more = new Dictionary<string, string>
        {
            // The app with the page has a port of its own for Dapr's routes, so that browsers cannot reach them.
            ["ASPNETCORE_URLS"] = (page is null ? "" : $"http://localhost:{page};") + $"http://127.0.0.1:{appPort}",
            ["DAPR_API_TOKEN"] = DaprApiToken,
            ["APP_API_TOKEN"] = AppApiToken,
            ["ExitWithParent"] = "true",
            ["AllowedHosts"] = "localhost;127.0.0.1;[::1]",
            ["KeyRing__Path"] = _keys,
            // The person who starts FindMe on their own machine may see the folders that they name.
            ["Safeguards__ShowUnlistedAlbums"] = "true",
            ["Safeguards__AuditPath"] = _audit,
            ["Uploads__Path"] = _uploads,
            ["Faces__ModelsPath"] = Environment.GetEnvironmentVariable("Faces__ModelsPath") is { Length: > 0 } models ? models : options.Checkout.Models,
            // Silences the warning that the key ring is not encrypted at rest. It lies next to the data that it protects, on the person's own disk: see docs/privacy.md.
            ["Logging__LogLevel__Microsoft.AspNetCore.DataProtection"] = "Error",
            ["Logging__LogLevel__Microsoft.AspNetCore"] = "Warning",
        };
        for (var album = 0; album < options.Albums.Count; album++)
        {
            environment[$"Albums__Folders__{album}"] = options.Albums[album];
        }

        foreach (var (name, value) in more.Concat(options.Settings))
        {
            environment[name] = value;
        }

        return environment;
    }
}
