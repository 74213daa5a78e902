namespace FindMe.ModelBuilder;

/// <summary>Which npm registry packages come from: the one that npm itself would use, as far as the user has set it.</summary>
internal static class NpmRegistry
{
    private const string Default = "https://registry.npmjs.org/";

    /// <summary>
    /// The environment variable <c>npm_config_registry</c>, or the line <c>registry=</c> of the user's <c>.npmrc</c>, or npm's public
    /// registry. Passwords and tokens are not read: a registry that asks for one refuses.
    /// </summary>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="home">The user's folder, where <c>.npmrc</c> lies unless <c>npm_config_userconfig</c> says otherwise.</param>
    /// <exception cref="BuildException">What is set is no address.</exception>
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

    // npm reads its variables in either case.
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

        // The last line counts, as in npm.
        return File.ReadLines(path)
            .Select(line => line.Split('=', 2, StringSplitOptions.TrimEntries))
            .Where(pair => pair is ["registry", { Length: > 0 }])
            .Select(pair => pair[1].Trim('"', '\''))
            .LastOrDefault();
    }
}
