namespace FindMe.ModelBuilder;

/// <summary>A version of an npm package. Its files are only read, never installed or run.</summary>
/// <param name="Name">The name, including any scope.</param>
/// <param name="Version">The version.</param>
internal sealed record NpmPackage(string Name, string Version)
{
    /// <summary>File name in the cache, as <c>npm pack</c> names it.</summary>
    public string FileName => $"{Name.TrimStart('@').Replace('/', '-')}-{Version}.tgz";

    /// <summary>Returns its address in a registry.</summary>
    /// <param name="registry">The registry's address.</param>
    public Uri AddressAt(Uri registry) =>
        new($"{registry.AbsoluteUri.TrimEnd('/')}/{Name}/-/{Name[(Name.IndexOf('/') + 1)..]}-{Version}.tgz");

    /// <summary>Returns <c>name@version</c>, the key of its pin in models/README.md.</summary>
    public override string ToString() => $"{Name}@{Version}";
}
