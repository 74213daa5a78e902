using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>The folders of photos that the operator offers. Section <c>Albums</c> of the configuration.</summary>
public sealed class AlbumOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Albums";

    /// <summary>Paths of folders; each album is named like its folder. Default none: no album can be searched.</summary>
    [Required]
    public IReadOnlyList<string> Folders { get; set; } = [];

    /// <summary>Largest photo to read, in bytes, 1 to 1 GiB. Default 50 MiB; larger photos are skipped with a reason.</summary>
    /// <remarks>A 100-megapixel camera's JPEG is about 40 MB.</remarks>
    [Range(1, 1 << 30)]
    public int MaxPhotoBytes { get; set; } = 50 << 20;
}

[OptionsValidator]
internal sealed partial class AlbumOptionsValidator : IValidateOptions<AlbumOptions>;

/// <summary>Registers the albums.</summary>
public static class AlbumServices
{
    /// <summary>Registers <see cref="Albums"/> and its options, which are checked at start. A second call does nothing.</summary>
    /// <param name="services">The app's services.</param>
    public static void AddAlbums(this IServiceCollection services)
    {
        // Binding twice would add each folder twice.
        if (services.Any(service => service.ServiceType == typeof(Albums)))
        {
            return;
        }

        services.AddOptions<AlbumOptions>().BindConfiguration(AlbumOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AlbumOptions>, AlbumOptionsValidator>();
        services.AddSingleton<Albums>();
    }
}

/// <summary>Lists and reads the albums on this machine. No file name can escape an album's folder.</summary>
/// <param name="options">The folders.</param>
public sealed class Albums(IOptions<AlbumOptions> options)
{
    private readonly Dictionary<string, string> _roots = NamesOf(options.Value.Folders);

    /// <summary>The albums' names, in the operator's order.</summary>
    public IReadOnlyList<string> Names => [.. _roots.Keys];

    /// <summary>Whether there is an album of this name.</summary>
    public bool Contains(string album) => _roots.ContainsKey(album);

    /// <summary>Returns every file of an album, in the ordinal order of its path below the album's folder.</summary>
    /// <param name="album">The album's name.</param>
    /// <returns>
    /// Paths below the folder, with <c>/</c> between their parts. Symbolic links are skipped. A folder that cannot be read is listed as one
    /// path that ends in <c>/</c>, so that it is reported rather than silently skipped. A name that is not valid UTF-8 is listed with U+FFFD
    /// in place of its invalid bytes.
    /// </returns>
    /// <exception cref="AlbumException">The album does not exist or cannot be read.</exception>
    public IReadOnlyList<string> Paths(string album)
    {
        if (!_roots.TryGetValue(album, out var root))
        {
            throw new AlbumException($"There is no album named “{album}”.", "Choose another album, or ask the operator to offer this one.");
        }

        var paths = new List<string>();
        try
        {
            List(root, root, paths);
        }
        catch (UnauthorizedAccessException)
        {
            throw new AlbumException($"The album “{album}” cannot be read.", "The operator must give FindMe permission to read its folder.");
        }
        catch (IOException)
        {
            throw new AlbumException($"The album “{album}” is gone.", "Its folder was moved, deleted or unplugged; choose another album.");
        }

        paths.Sort(StringComparer.Ordinal);
        return paths;
    }

    /// <summary>Reads a photo.</summary>
    /// <param name="album">The album's name.</param>
    /// <param name="path">The photo's path below the album's folder.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The file's bytes.</returns>
    /// <exception cref="PhotoUnavailableException">It is gone, too large, unreadable for FindMe, or not in the album.</exception>
    /// <exception cref="PhotoUnreachableException">Its disk cannot be read now; a retry may help.</exception>
    public async Task<byte[]> ReadAsync(string album, string path, CancellationToken cancellationToken)
    {
        if (!_roots.TryGetValue(album, out var root))
        {
            throw new PhotoUnavailableException("The album is gone.");
        }

        // No file system allows NUL in a name, and .NET throws on it.
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new PhotoUnavailableException("The photo is not in the album.");
        }

        var full = Path.GetFullPath(Path.Combine(root, path));
        if (!full.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new PhotoUnavailableException("The photo is not in the album.");
        }

        if (HasUnreadableName(full))
        {
            throw new PhotoUnavailableException("Its name is not valid UTF-8: rename it.");
        }

        if (path.EndsWith('/'))
        {
            throw new PhotoUnavailableException("FindMe has no permission to read this folder.");
        }

        try
        {
            if (LeadsThroughLink(root, full))
            {
                throw new PhotoUnavailableException("The photo is not in the album.");
            }

            // Pipes, sockets and devices have no length; opening one could block forever.
            if (new FileInfo(full).Length == 0)
            {
                throw new PhotoUnavailableException("The file is empty.");
            }

            await using var file = new FileStream(full, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.Asynchronous);
            if (file.Length > options.Value.MaxPhotoBytes)
            {
                throw new PhotoUnavailableException(
                    $"The photo has {file.Length >> 20} MB; FindMe reads photos of at most {options.Value.MaxPhotoBytes >> 20} MB.");
            }

            var bytes = new byte[file.Length];
            await file.ReadExactlyAsync(bytes, cancellationToken);
            return bytes;
        }
        catch (UnauthorizedAccessException)
        {
            throw new PhotoUnavailableException("FindMe has no permission to read the photo.");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException or PathTooLongException)
        {
            throw new PhotoUnavailableException("The photo is gone.");
        }
        catch (IOException exception)
        {
            // Transient: a share that lost its server, or a file that is being written.
            throw new PhotoUnreachableException("The photo cannot be read from its disk.", exception);
        }
    }

    private static void List(string root, string folder, List<string> paths)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (HasUnreadableName(entry.FullName))
            {
                paths.Add(Unique(Path.GetRelativePath(root, entry.FullName).Replace(Path.DirectorySeparatorChar, '/'), paths));
                continue;
            }

            // Skip symbolic links: they could lead out of the folder.
            if (entry.Attributes.HasFlag(FileAttributes.ReparsePoint))
            {
                continue;
            }

            var path = Path.GetRelativePath(root, entry.FullName).Replace(Path.DirectorySeparatorChar, '/');
            if (entry is FileInfo)
            {
                paths.Add(path);
                continue;
            }

            try
            {
                List(root, entry.FullName, paths);
            }
            catch (UnauthorizedAccessException)
            {
                paths.Add(path + "/");
            }
        }
    }

    // Linux allows any bytes in a name. .NET decodes them as UTF-8 and replaces invalid bytes by U+FFFD; the resulting path does not exist, cannot be
    // opened, and has the attributes -1 (every flag set). A name that really contains U+FFFD does exist.
    private static bool HasUnreadableName(string full) => full.Contains('\uFFFD', StringComparison.Ordinal) && !Path.Exists(full);

    // Names that differ only in invalid bytes decode to the same text; number them, so that each is reported as skipped.
    private static string Unique(string path, List<string> paths)
    {
        var unique = path;
        for (var number = 2; paths.Contains(unique); number++)
        {
            unique = $"{path} ({number})";
        }

        return unique;
    }

    private static bool LeadsThroughLink(string root, string full)
    {
        for (var part = full; part.Length > root.Length; part = Path.GetDirectoryName(part)!)
        {
            var attributes = new FileInfo(part).Attributes;
            if ((int)attributes != -1 && attributes.HasFlag(FileAttributes.ReparsePoint))
            {
                return true;
            }
        }

        return false;
    }

    // Folders of the same name get a number, so that each can be chosen.
    private static Dictionary<string, string> NamesOf(IReadOnlyList<string> folders)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var folder in folders)
        {
            var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
            var name = Path.GetFileName(root);
            for (var number = 2; !names.TryAdd(name, root); number++)
            {
                name = $"{Path.GetFileName(root)} ({number})";
            }
        }

        return names;
    }
}

/// <summary>An album cannot be listed.</summary>
/// <param name="message">What is wrong, one sentence for the person.</param>
/// <param name="wayOut">What the person can do about it.</param>
public sealed class AlbumException(string message, string wayOut) : Exception(message)
{
    /// <summary>What the person can do about it, one sentence.</summary>
    public string WayOut { get; } = wayOut;
}

/// <summary>A photo cannot be read, and a retry will not help.</summary>
/// <param name="reason">Why, one sentence for the person.</param>
public sealed class PhotoUnavailableException(string reason) : Exception(reason);
