using System.Text;
using System.Text.Json;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>The output files of <c>findme people train</c>.</summary>
/// <param name="Model">Path of the people file.</param>
/// <param name="Onnx">Path of the exported model; null: not written.</param>
/// <param name="Edge">Path of the exported model with 8-bit weights; null: not written.</param>
/// <param name="Matrix">Path of the confusion matrix; null: not written.</param>
internal sealed record PeopleOutputs(string Model, string? Onnx, string? Edge, string? Matrix)
{
    // 1.4 MB with the default recipe, 5.8 MB with dlib: small enough for a page or a phone to download.
    private const int MaxEdgeBytes = 7_000_000;

    /// <summary>Checks in advance that all files can be written.</summary>
    /// <exception cref="CommandException">A file cannot be written.</exception>
    public void Check() => OutputFiles.Check([("-o", Model), ("--onnx", Onnx), ("--edge", Edge), ("--matrix", Matrix)]);

    /// <summary>Writes the files and reports the result. If one file cannot be written, that is reported and the others are still written.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="people">The trained people.</param>
    /// <param name="json">Whether to report as JSON.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>The exit code.</returns>
    public int Write(FaceEngine engine, TrainedPeople people, bool json, CancellationToken cancellationToken)
    {
        PeopleMeasurement? eightBit = null;
        var isDone = TryWrite(Model, path => people.Model.Save(path));
        if (!json)
        {
            PeopleLines.Write(people, isOneOfTwo: Edge is not null);
        }

        try
        {
            isDone &= TryWrite(Matrix, WriteMatrix);
            isDone &= TryWrite(Onnx, path => PrivateFile.Write(path, PeopleExport.ToOnnx(people.Model, engine, eightBit: false)));
            isDone &= TryWrite(Edge, WriteEdge);
        }
        finally
        {
            // One object holds everything, so it is written last, even after an error.
            if (json)
            {
                Console.WriteLine(JsonSerializer.Serialize(PeopleReport.Of(people, eightBit), CliJson.Default.PeopleReport));
            }
        }

        return isDone ? CommandLine.Done : CommandLine.Failed;

        void WriteMatrix(string path)
        {
            var measured = people.Model.Card.Measured ?? throw new CommandException($"{path} is not written: nothing was measured.");
            PrivateFile.Write(path, Encoding.UTF8.GetBytes(measured.ToCsv()));
        }

        void WriteEdge(string path)
        {
            var model = PeopleExport.ToOnnx(people.Model, engine, eightBit: true);
            if (model.Length > MaxEdgeBytes)
            {
                throw new CommandException($"{path} is not written: the model has {model.Length / 1e6:0.0} MB with 8-bit weights, and --edge writes at most {MaxEdgeBytes / 1e6:0} MB. Use --onnx, or a recipe with a smaller network.");
            }

            eightBit = ExportedPeople.Measure(engine, people, eightBit: true, cancellationToken);
            if (eightBit is not null && !json)
            {
                PeopleLines.WriteSummary("8 bits: ", eightBit);
            }

            if (eightBit?.Accuracy is null)
            {
                CommandLine.Complain("The 8-bit model was not measured: no photos of people were held out.");
            }

            if (eightBit is not null && people.Model.Card.Measured?.LossOf(eightBit) is { } loss)
            {
                throw new CommandException($"{path} is not written: with 8-bit weights the model {loss}. That is more than one percentage point and more than one face. Use --onnx.");
            }

            PrivateFile.Write(path, model);
        }
    }

    private static bool TryWrite(string? path, Action<string> write)
    {
        try
        {
            if (path is not null)
            {
                write(path);
            }

            return true;
        }
        catch (Exception exception) when (exception is CommandException or PeopleException or ModelException)
        {
            CommandLine.Complain(exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CommandLine.Complain($"Could not write {path}: {exception.Message}");
        }

        return false;
    }
}
