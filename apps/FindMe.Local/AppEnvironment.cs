using System.Security.Cryptography;
using LocalDapr;

namespace FindMe.Local;

/// <summary>What the processes of one system get as environment variables, and the folders that these name.</summary>
/// <param name="options">What is run.</param>
/// <exception cref="StartException">A folder cannot be created.</exception>
internal sealed class AppEnvironment(LocalSystemOptions options)
{
    private readonly string _keys = LocalSystem.CreateFolder(Path.Combine(options.DataPath, "keys"));
    private readonly string _audit = LocalSystem.CreateFolder(Path.Combine(options.DataPath, "audit"));
    private readonly string _uploads = LocalSystem.CreateFolder(Path.Combine(options.DataPath, "uploads"));

    /// <summary>Folder of the logs.</summary>
    public string Logs { get; } = LocalSystem.CreateFolder(Path.Combine(options.DataPath, "logs"));

    /// <summary>What callers of a sidecar send.</summary>
    public string DaprApiToken { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>What sidecars send to the apps.</summary>
    public string AppApiToken { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>The variables of one process of an app.</summary>
    /// <param name="app">The app.</param>
    /// <param name="appPort">The port that Dapr calls.</param>
    /// <param name="page">The port of the page; null for an app without one.</param>
    /// <param name="sidecar">The ports of its sidecar.</param>
    public Dictionary<string, string> Of(RunFileApp app, int appPort, int? page, (int Http, int Grpc) sidecar)
    {
        var environment = app.EnvironmentOf(appPort, sidecar.Http, sidecar.Grpc);
        var more = new Dictionary<string, string>
        {
            // Two ports for the app with the page: Dapr's routes are not to be had where people come.
            ["ASPNETCORE_URLS"] = (page is null ? "" : $"http://localhost:{page};") + $"http://127.0.0.1:{appPort}",
            ["DAPR_API_TOKEN"] = DaprApiToken,
            ["APP_API_TOKEN"] = AppApiToken,
            ["ExitWithParent"] = "true",
            ["AllowedHosts"] = "localhost;127.0.0.1;[::1]",
            ["KeyRing__Path"] = _keys,
            // Whoever starts it on their machine may see the folders that they name.
            ["Safeguards__ShowUnlistedAlbums"] = "true",
            ["Safeguards__AuditPath"] = _audit,
            ["Uploads__Path"] = _uploads,
            ["Faces__ModelsPath"] = Environment.GetEnvironmentVariable("Faces__ModelsPath") is { Length: > 0 } models ? models : options.Checkout.Models,
            // The key ring lies beside the data that it protects, on the person's own disk: docs/privacy.md says what that means.
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
