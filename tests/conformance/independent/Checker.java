// The independent checker: HAPI FHIR's validator over what the translators write.
//
//   java -cp CLASSPATH Checker.java snapshots OUT DEFINITIONS...   the definitions with their snapshots, one file each
//   java -cp CLASSPATH Checker.java check BUNDLES DEFINITIONS...   a line of JSON per message, and one per Bundle
//
// BUNDLES is a folder of Bundles in JSON, each a whole record, so that references can be followed.  DEFINITIONS are
// folders of StructureDefinitions, ValueSets and CodeSystems in XML or JSON (the published standard; nothing is fetched).
// `FHIR` (environment) is R4 for that version; STU3 without it.
// `ROUNDS` (environment) measures: every Bundle is checked so often, and only the last round's messages are printed.

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.ValidationSupportContext;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.google.gson.Gson;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.dstu3.model.StructureDefinition;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;

public class Checker {
    private static final Gson GSON = new Gson();
    // Processor time: the machine may be busy with something else.
    private static final ThreadMXBean CLOCK = ManagementFactory.getThreadMXBean();
    private static final FhirContext FHIR =
            "R4".equals(System.getenv("FHIR")) ? FhirContext.forR4() : FhirContext.forDstu3();

    public static void main(String[] arguments) throws Exception {
        List<IBaseResource> definitions = new ArrayList<>();
        for (int i = 2; i < arguments.length; i++) {
            for (Path file : files(Path.of(arguments[i]), ".xml")) {
                definitions.add(FHIR.newXmlParser().parseResource(Files.readString(file).replace("\uFEFF", "")));
            }
            for (Path file : files(Path.of(arguments[i]), ".json")) {
                definitions.add(FHIR.newJsonParser().parseResource(Files.readString(file)));
            }
        }
        PrePopulatedValidationSupport published = new PrePopulatedValidationSupport(FHIR);
        definitions.forEach(published::addResource);
        ValidationSupportChain support = chain(published);
        Path folder = Path.of(arguments[1]);
        if (arguments[0].equals("snapshots")) {
            snapshots(definitions, support, folder);
        } else {
            check(support, folder, Integer.parseInt(System.getenv().getOrDefault("ROUNDS", "1")));
        }
    }

    private static List<Path> files(Path folder, String suffix) throws Exception {
        try (Stream<Path> found = Files.walk(folder)) {
            return found.filter(f -> f.toString().endsWith(suffix)).sorted().toList();
        }
    }

    private static ValidationSupportChain chain(PrePopulatedValidationSupport published) {
        UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(FHIR);
        unknown.setNonExistentCodeSystemSeverity(ca.uhn.fhir.context.support.IValidationSupport.IssueSeverity.WARNING);
        return new ValidationSupportChain(
                published,
                new DefaultProfileValidationSupport(FHIR),
                new SnapshotGeneratingValidationSupport(FHIR),
                new CommonCodeSystemsTerminologyService(FHIR),
                new InMemoryTerminologyServerValidationSupport(FHIR),
                unknown);
    }

    private static void snapshots(List<IBaseResource> definitions, ValidationSupportChain support, Path out)
            throws Exception {
        SnapshotGeneratingValidationSupport maker = new SnapshotGeneratingValidationSupport(FHIR);
        for (IBaseResource one : definitions) {
            if (one instanceof StructureDefinition given) {
                StructureDefinition made = given.hasSnapshot() ? given : (StructureDefinition) maker.generateSnapshot(
                        new ValidationSupportContext(support), given, given.getUrl(), null, given.getName());
                String name = given.getUrl().replaceAll("[^A-Za-z0-9.+-]", "_") + ".json";
                Files.writeString(out.resolve(name), FHIR.newJsonParser().encodeResourceToString(made));
            }
        }
    }

    private static void check(ValidationSupportChain support, Path folder, int rounds) throws Exception {
        FhirInstanceValidator instance = new FhirInstanceValidator(support);
        instance.setAnyExtensionsAllowed(true);
        instance.setErrorForUnknownProfiles(false);
        instance.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
        instance.setAssumeValidRestReferences(false);
        FhirValidator validator = FHIR.newValidator().registerValidatorModule(instance);
        for (int round = 1; round <= rounds; round++) {
            for (Path file : files(folder, ".json")) {
                // The text itself: HAPI's own parser would leave out what it does not know.
                String text = Files.readString(file);
                long began = CLOCK.getCurrentThreadCpuTime();
                List<SingleValidationMessage> messages = validator.validateWithResult(text).getMessages();
                long took = (CLOCK.getCurrentThreadCpuTime() - began) / 1_000_000;
                if (round == rounds) {
                    print(file, GSON.fromJson(text, Map.class), messages, took);
                }
            }
        }
    }

    private static void print(Path file, Map<?, ?> bundle, List<SingleValidationMessage> messages, long took) {
        String name = file.getFileName().toString().replaceFirst("\\.json$", "");
        for (SingleValidationMessage message : messages) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("record", name);
            line.put("severity", String.valueOf(message.getSeverity()));
            line.put("rule", message.getMessageId());
            line.put("place", message.getLocationString());
            line.put("text", message.getMessage());
            System.out.println(GSON.toJson(line));
        }
        int resources = ((List<?>) bundle.get("entry")).size();
        System.out.println(GSON.toJson(Map.of("record", name, "resources", resources, "milliseconds", took)));
    }
}
