namespace FindMe.ModelBuilder;

/// <summary>Finds the npm registry in the user's npm configuration.</summary>
internal static class NpmRegistry
{
    private const string Default = "https://registry.npmjs.org/";

    /// <summary>
    /// Returns the environment variable <c>npm_config_registry</c>, else <c>registry=</c> of the user's <c>.npmrc</c>, else npm's public
    /// registry. Registries that need a password or token are not supported.
    /// </summary>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="home">The user's home folder, which holds <c>.npmrc</c> unless <c>npm_config_userconfig</c> is set.</param>
    /// <exception cref="BuildException">The configured registry is not an http(s) address.</exception>
    public static Uri Find(Func<string, string?> environment, string home)
    {
        var (value, source) = (Read(environment, "npm_config_registry"), "npm_config_registry");
        if (value is null)
        {
            source = Read(environment, "npm_config_userconfig") ?? Path.Combine(home, ".npmrc");
            value = ReadFile(source);
        }

        return Uri.TryCreate(value ?? Default, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new BuildException($"The npm registry in {source} is not an http address: {value}. Correct it, or remove it to use {Default}.");
    }

    // npm's variables are case-insensitive.
    private static string? Read(Func<string, string?> environment, string name) =>
        environment(name) is { Length: > 0 } lower ? lower
        : environment(name.ToUpperInvariant()) is { Length: > 0 } upper ? upper
        : null;

    private static string? ReadFile(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        // The last line wins, as in npm.
        return File.ReadLines(path)
            .Select(line => line.Split('=', 2, StringSplitOptions.TrimEntries))
            .Where(pair => pair is ["registry", { Length: > 0 }])
            .Select(pair => pair[1].Trim('"', '\''))
            .LastOrDefault();
    }
}
