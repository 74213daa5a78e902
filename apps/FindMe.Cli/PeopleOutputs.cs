using System.Text;
using System.Text.Json;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>What <c>findme people train</c> writes.</summary>
/// <param name="Model">Where the file of people goes.</param>
/// <param name="Onnx">Where the exported model goes; null: nowhere.</param>
/// <param name="Edge">Where the one with weights of 8 bits goes; null: nowhere.</param>
/// <param name="Matrix">Where the confusion matrix goes; null: nowhere.</param>
internal sealed record PeopleOutputs(string Model, string? Onnx, string? Edge, string? Matrix)
{
    // 1.4 MB with the default recipe, 5.8 MB with dlib: what a page or a phone can be asked to fetch.
    private const int MaxEdgeBytes = 7_000_000;

    /// <summary>Checks before the work that all of it can be written.</summary>
    /// <exception cref="CommandException">Something cannot.</exception>
    public void Check() => OutputFiles.Check([("-o", Model), ("--onnx", Onnx), ("--edge", Edge), ("--matrix", Matrix)]);

    /// <summary>Writes the files and says what was learnt. What cannot be written is said, and costs nothing of the rest.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="people">What was learnt.</param>
    /// <param name="json">Whether it is said as JSON.</param>
    /// <param name="cancellationToken">Ends the work.</param>
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
            // One object holds all, so it comes last; whatever goes wrong before it.
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
                throw new CommandException($"{path} is not written: the model has {model.Length / 1e6:0.0} MB with 8 bits, and --edge writes at most {MaxEdgeBytes / 1e6:0}. Take --onnx, or a recipe with a smaller network.");
            }

            eightBit = ExportedPeople.Measure(engine, people, eightBit: true, cancellationToken);
            if (eightBit is not null && !json)
            {
                PeopleLines.WriteSummary("8 bits: ", eightBit);
            }

            if (eightBit?.Accuracy is null)
            {
                CommandLine.Complain("The model with 8 bits was not measured: no photos of people were kept aside.");
            }

            if (eightBit is not null && people.Model.Card.Measured?.LossOf(eightBit) is { } loss)
            {
                throw new CommandException($"{path} is not written: with 8 bits the model {loss}. That is more than a point, and more than one face. Take --onnx.");
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
            CommandLine.Complain($"{path} cannot be written: {exception.Message}");
        }

        return false;
    }
}
