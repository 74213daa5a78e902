namespace FindMe.Recognition;

/// <summary>Writes files with biometric data: atomically, and readable by the current user only.</summary>
public static class PrivateFile
{
    /// <summary>Writes a temporary file in the same folder, then renames it. On Unix its mode is 0600.</summary>
    /// <remarks>Replaces an existing file. Writes into an existing empty file in place, because it could be a device or a pipe.</remarks>
    /// <param name="path">The file, in an existing folder. If it is a link, the link is replaced, not its target.</param>
    /// <param name="content">Content of the file.</param>
    /// <exception cref="IOException">The disk is full or broken, or the file exceeds a size limit.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder is not writable.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        if (new FileInfo(path) is { Exists: true, Length: 0, LinkTarget: null })
        {
            File.WriteAllBytes(path, content);
            return;
        }

        // Hidden and with another extension, so that code that lists the models of a folder does not pick it up.
        var temporary = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".findme-{Guid.NewGuid():n}.tmp");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using (var file = new FileStream(temporary, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (ArgumentOutOfRangeException exception)
        {
            // .NET maps EFBIG to this exception: the file exceeds a size limit of the user or of the file system.
            File.Delete(temporary);
            throw new IOException($"{content.Length / 1e6:0.0} MB exceed the limit on file sizes of the user or the file system.", exception);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
