using System.Text;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>Files of face vectors.</summary>
internal static class VectorFiles
{
    // A background of 40,000 faces. A larger file was given by mistake.
    private const int MaxBytes = 250_000_000;

    /// <summary>Reads a file's text, or that of standard input if the path is <c>-</c>.</summary>
    /// <exception cref="CommandException">It cannot be read; the message names it.</exception>
    public static string ReadText(string path)
    {
        try
        {
            if (path == PhotoFiles.StandardInput)
            {
                return Encoding.UTF8.GetString(PhotoFiles.ReadInput(MaxBytes));
            }

            using var file = File.OpenRead(path);
            return Encoding.UTF8.GetString(PhotoFiles.ReadBounded(file, MaxBytes));
        }
        catch (CommandException exception)
        {
            throw new CommandException($"{NameOf(path)}: {exception.Message}");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException($"{path}: there is no such file. To create one: findme train PHOTO > {Path.GetFileName(path)}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(Directory.Exists(path) ? $"{path}: it is a folder, not a file of face vectors." : $"{path}: no permission to read it: ask its owner.");
        }
    }

    /// <summary>Reads the vectors of a file.</summary>
    /// <exception cref="CommandException">It holds no vectors, or none that the engine can compare; the message names it.</exception>
    public static FaceVectors Parse(FaceEngine engine, string path, string text)
    {
        try
        {
            var vectors = FaceVectors.FromCsv(text);
            vectors.ThrowIfNotOf(engine);
            return vectors;
        }
        catch (FaceVectorsException) when (PhotoNames.IsPhoto(path))
        {
            throw new CommandException($"{path} is a photo, not a file of face vectors. Make one: findme train {path} > me.csv");
        }
        catch (FaceVectorsException exception)
        {
            throw new CommandException($"{NameOf(path)}: {exception.Message}");
        }
    }

    private static string NameOf(string path) => path == PhotoFiles.StandardInput ? "standard input" : path;
}
