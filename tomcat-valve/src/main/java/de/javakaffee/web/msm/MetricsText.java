package de.javakaffee.web.msm;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;

/** Metrics in Prometheus's text format, under the names that its own client library gives to a JVM's. */
final class MetricsText {
    private final StringBuilder lines = new StringBuilder();

    MetricsText add(final String name, final double value) {
        lines.append(name).append(' ').append(value).append('\n');
        return this;
    }

    MetricsText addJvm() {
        final MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        add("jvm_memory_used_bytes{area=\"heap\"}", heap.getUsed());
        add("jvm_memory_max_bytes{area=\"heap\"}", heap.getMax());
        addLongLived();
        for (final GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            final String label = "{gc=\"" + collector.getName() + "\"}";
            add("jvm_gc_collection_seconds_sum" + label, collector.getCollectionTime() / 1e3);
            add("jvm_gc_collection_seconds_count" + label, collector.getCollectionCount());
        }
        return add("jvm_threads_current", ManagementFactory.getThreadMXBean().getThreadCount());
    }

    /** What was in use right after a collection cannot be collected. Of the heap's pools only the old generation has a threshold for use. */
    private void addLongLived() {
        for (final MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            final MemoryUsage afterCollection = pool.getCollectionUsage();
            if (pool.getType() == MemoryType.HEAP && pool.isUsageThresholdSupported() && afterCollection != null) {
                add("lab_tomcat_old_generation_used_bytes", afterCollection.getUsed());
                add("lab_tomcat_old_generation_max_bytes", afterCollection.getMax());
            }
        }
    }

    @Override
    public String toString() {
        return lines.toString();
    }
}
